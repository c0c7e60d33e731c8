#!/usr/bin/env bash
# The bundled model of version 0.2: MobileNetV2 from scratch on FERPlus (8 classes), cross-entropy first, then EAC with
# a small lambda. docs/experiments.md says why not EAC from the start, and why not lambda 5.
# Usage: train/recipes/bundled_0.2.sh FERPLUS_FOLDER [FOLDER OF RECORDS]
# Wall time on one CPU core each: see `seconds` in the records (about half an hour, a quarter more).
set -euo pipefail
data=${1:?folder of FERPlus, see docs/data.md}
out=${2:-runs}
export OMP_NUM_THREADS=1
common=(--data "ferplus:$data" --image-size 40 --channels 1 --backbone mobilenetv2_100 --stride 8
  --label-smoothing 0.05 --batch-size 64 --optimizer adamw --weight-decay 0.05 --schedule cosine
  --precision bf16 --compile --flip-probability 0.5)
python -m train.run "${common[@]}" --method cross_entropy --epochs 14 --learning-rate 2e-3 \
  --rotation 10 --zoom 0.1 --shift 0.06 --jitter 0.3 --out "$out/ferplus-mobilenetv2_100-embedded-plain"
python -m train.run "${common[@]}" --method eac --views one_pass --consistency-weight 0.5 \
  --ramp-epochs 1 --epochs 5 --learning-rate 1e-3 \
  --rotation 5 --zoom 0.05 --shift 0.04 --jitter 0.2 \
  --pretrained "$out/ferplus-mobilenetv2_100-embedded-plain/model/model.safetensors" \
  --out "$out/ferplus-mobilenetv2_100-embedded-eac"

python -m train.run "${common[@]}" --method eac --views one_pass --consistency-weight 0.5 \
  --epochs 3 --learning-rate 6e-4 \
  --rotation 5 --zoom 0.05 --shift 0.04 --jitter 0.2 \
  --pretrained "$out/ferplus-mobilenetv2_100-embedded-eac/model/model.safetensors" \
  --out "$out/ferplus-mobilenetv2_100-embedded-eac-final"
