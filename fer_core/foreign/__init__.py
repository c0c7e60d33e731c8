"""Image classifiers of other projects, to measure beside ours: timm's and transformers'.

They are loaded from safetensors alone and run no code of their repository. Their labels are matched
with our classes by name (`fer_core.foreign.labels`); their preprocessing is their own. They have no
attention maps: only a linear classifier after average pooling explains its logits exactly.
"""
