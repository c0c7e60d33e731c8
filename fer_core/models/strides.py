"""Changes to a network that give its last map more points: denser strides, a smaller stem."""

from torch import Tensor, nn

from fer_core.models.feature_maps import BackboneError, find_layout, probe, to_map


def set_stride(network: nn.Module, name: str, stride: int, channels: int, image_size: int) -> None:
    """Make the deepest strided layers dense until the total stride is the one asked for."""
    strided = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
    met: list[tuple[int, nn.Module]] = []  # (side of the layer's input, layer)
    hooks = [
        module.register_forward_pre_hook(
            lambda module, inputs: met.append((inputs[0].shape[-1], module))
        )
        for module in network.modules()
        if isinstance(module, strided) and module.stride in (2, (2, 2))
    ]
    probe(network, name, channels, image_size)
    for hook in hooks:
        hook.remove()
    sides = sorted({side for side, _ in met})  # deepest first
    own = 2 ** len(sides)
    if not met:
        output = probe(network, name, channels, image_size)
        layout = find_layout(network, name, channels, image_size)
        side = to_map(output, network, layout).shape[-1] if isinstance(output, Tensor) else 1
        raise BackboneError(
            f"{name} has a total stride of {image_size // side}, that of its patches, which cannot "
            f"be made {stride}: leave stride out, or take a convolutional backbone"
        )
    if stride > own:
        raise BackboneError(f"{name} has a total stride of {own}, it cannot be made {stride}")
    for side, module in met:
        if side in sides[: (own // stride).bit_length() - 1]:
            if not isinstance(module, nn.Conv2d):
                raise BackboneError(f"{name} pools where stride {stride} would need a dense layer")
            module.stride = (1, 1)
    output = probe(network, name, channels, image_size)
    wanted = -(-image_size // stride)
    if not isinstance(output, Tensor) or output.shape[-1] != wanted:
        raise BackboneError(f"the stride of {name} cannot be changed to {stride}")


def shrink_stem(network: nn.Module, name: str, pretrained: str) -> None:
    """Make the first convolution 3x3 at stride 1, and drop a max pooling behind it."""
    place, first = next(
        (
            (path, module)
            for path, module in network.named_modules()
            if isinstance(module, nn.Conv2d)
        ),
        ("", None),
    )
    if first is None or first.stride != (2, 2) or first.kernel_size not in ((3, 3), (7, 7)):
        raise BackboneError(
            f"{name} has no first convolution of 3x3 or 7x7 at stride 2 that stem 'small' could "
            "change: use stem 'own'"
        )
    if first.kernel_size == (7, 7):
        if pretrained != "none":
            raise BackboneError(
                f"the pretrained first convolution of {name} is 7x7, stem 'small' has 3x3: use "
                "stem 'own', or pretrained 'none'"
            )
        small = nn.Conv2d(
            first.in_channels, first.out_channels, 3, padding=1, bias=first.bias is not None
        )
        nn.init.kaiming_normal_(small.weight, mode="fan_out", nonlinearity="relu")
        network.set_submodule(place, small)
    else:
        first.stride = (1, 1)
    if isinstance(getattr(network, "maxpool", None), nn.MaxPool2d):
        network.set_submodule("maxpool", nn.Identity())
