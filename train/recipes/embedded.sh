#!/usr/bin/env bash
# The embedded model: MobileNetV2 from scratch on FERPlus (8 classes), plain at first, then EAC.
# EAC from random weights answers the majority class for its whole first epoch (docs/experiments.md).
# Usage: train/recipes/embedded.sh FERPLUS_FOLDER [FOLDER OF RECORDS]
set -euo pipefail
data=${1:?folder of FERPlus, see docs/data.md}
out=${2:-runs}
common=(--data "ferplus:$data" --image-size 40 --channels 1 --backbone mobilenetv2_100 --stride 8
  --label-smoothing 0.05 --rotation 10 --zoom 0.1 --shift 0.06 --jitter 0.3 --batch-size 64
  --optimizer adamw --weight-decay 0.05 --schedule cosine --precision bf16 --compile)
python -m train.run "${common[@]}" --method cross_entropy --epochs 14 --learning-rate 2e-3 \
  --out "$out/embedded-plain"
python -m train.run "${common[@]}" --method eac --views one_pass --epochs 6 --learning-rate 1e-3 \
  --warmup-epochs 1 --ramp-epochs 2 --pretrained "$out/embedded-plain/model/model.safetensors" \
  --out "$out/embedded"
python -m train.embed "$out/embedded"
