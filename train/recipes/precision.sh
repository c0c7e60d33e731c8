#!/usr/bin/env bash
# Does bf16 reach the accuracy of fp32? FERPlus, EAC, a tiny ResNet from scratch, three seeds.
# Usage: train/recipes/precision.sh FERPLUS_FOLDER [FOLDER OF RECORDS]
# On one CPU core: 25 minutes for all six.
set -euo pipefail
data=${1:?folder of FERPlus, see docs/data.md}
out=${2:-runs}
for seed in 0 1 2; do
  for precision in no bf16; do
    OMP_NUM_THREADS=1 python -m train.run --data "ferplus:$data" --channels 1 --image-size 48 \
      --backbone test_resnet --method eac --ramp-epochs 2 --flip-probability 0.5 --epochs 8 --batch-size 64 \
      --learning-rate 2e-3 --schedule cosine --ema-decay 0.99 --precision "$precision" \
      --seed "$seed" --device cpu --out "$out/ferplus-test_resnet-eac-precision_$precision-seed$seed"
  done
done
