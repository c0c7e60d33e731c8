#!/usr/bin/env bash
# The bundled model: MobileNetV2 from ImageNet weights on FERPlus (8 classes), class-balanced cross-entropy with soft
# labels from the annotator votes. What else was tried: docs/experiments.md. The two runs of
# fer_core/records/shipped_runs/search: the same with --epochs 6, without --balance, with --image-size 48 --stride 8 or
# --image-size 64 --stride 16.
# Usage: train/recipes/bundled.sh FERPLUS_FOLDER WEIGHTS [FOLDER OF RECORDS]
# WEIGHTS: mobilenetv2_imagenet.safetensors, see "Starting weights" in docs/training.md; or hub (other figures).
# Wall time on one CPU core: see `seconds` in the record (three quarters of an hour on a quiet machine).
set -euo pipefail
data=${1:?folder of FERPlus, see docs/data.md}
weights=${2:?file of ImageNet weights, see docs/training.md}
out=${3:-runs}
export OMP_NUM_THREADS=1
python -m train.run --data "ferplus:$data" --image-size 64 --stride 8 --channels 1 \
  --backbone mobilenetv2_100 --pretrained "$weights" --method cross_entropy --targets votes \
  --balance loss --balance-beta 0.999 --epochs 18 --batch-size 64 --optimizer adamw --learning-rate 1e-3 \
  --weight-decay 0.05 --schedule cosine --warmup-epochs 1 --ema-decay 0.99 --tta-flip \
  --rotation 10 --zoom 0.15 --shift 0.08 --jitter 0.3 --precision bf16 --device cpu \
  --out "$out/ferplus-mobilenetv2_100-embedded"
origin="MobileNetV2 1.0 trained on ImageNet by pytorch-mobilenet-v2 (tonylins, Apache-2.0), without its classifier; docs/training.md says where the file comes from."
if [ "$weights" = hub ]; then origin="timm's own weights of mobilenetv2_100."; fi
python -m train.embed "$out/ferplus-mobilenetv2_100-embedded" --origin "$origin"
