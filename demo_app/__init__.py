"""The demonstration page: a photograph in, every face's emotion and attention map out."""
