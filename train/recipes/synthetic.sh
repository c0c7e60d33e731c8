#!/usr/bin/env bash
# Synthetic faces, 30 % symmetric noise, cross-entropy baseline against EAC, three seeds: minutes on two cores.
# Usage: train/recipes/synthetic.sh [FOLDER OF RECORDS]
set -euo pipefail
out=${1:-runs}
for seed in 0 1 2; do
  for method in cross_entropy eac; do
    python -m train.run --data 'synthetic?train=1400&test=700' --image-size 64 \
      --backbone test_resnet --noise symmetric --noise-rate 0.3 --method "$method" --ramp-epochs 5 --flip-probability 0.5 \
      --epochs 30 --batch-size 32 --optimizer adam --learning-rate 2e-3 \
      --schedule exponential --gamma 0.97 --seed "$seed" --device cpu \
      --out "$out/synthetic-test_resnet-$method-noise0.3-seed$seed"
  done
done
