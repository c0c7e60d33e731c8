#!/usr/bin/env bash
# FERPlus, 30 % symmetric noise, MobileNetV2 from scratch, cross-entropy baseline against EAC, one seed.
# Usage: train/recipes/ferplus_noise30.sh FERPLUS_FOLDER [FOLDER OF RECORDS]
# On one CPU core each: 13 minutes (cross_entropy), two to three times that (eac).
set -euo pipefail
data=${1:?folder of FERPlus, see docs/data.md}
out=${2:-runs}
for method in cross_entropy eac; do
  OMP_NUM_THREADS=1 python -m train.run --data "ferplus:$data" --image-size 32 --channels 1 \
    --backbone mobilenetv2_100 --stride 8 --method "$method" --views one_pass --ramp-epochs 5 --flip-probability 0.5 \
    --noise symmetric --noise-rate 0.3 --epochs 10 --batch-size 64 --optimizer adam \
    --learning-rate 1e-3 --schedule exponential --gamma 0.9 --precision bf16 --compile \
    --out "$out/ferplus-mobilenetv2_100-$method-noise0.3-seed0"
done
