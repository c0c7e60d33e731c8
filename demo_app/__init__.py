"""The demonstration page: a photograph in, every face's class and attention map out."""
