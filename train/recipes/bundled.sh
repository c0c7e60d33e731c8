#!/usr/bin/env bash
# The bundled model: MobileNetV2 from ImageNet weights on FERPlus (8 classes), class-balanced cross-entropy with soft
# labels from the annotator votes; then eight and six epochs through a poor camera, on the images of the probability rule.
# The bundled weights are the mean of the last two. What else was tried: docs/experiments.md. The two runs of fer_core/records/shipped_runs/search: the first step with
# --epochs 6, without --balance, with --image-size 48 --stride 8 or --image-size 64 --stride 16.
# Usage: train/recipes/bundled.sh FERPLUS_FOLDER WEIGHTS [FOLDER OF RECORDS]
# WEIGHTS: mobilenetv2_imagenet.safetensors, see "Starting weights" in docs/training.md; or hub (other figures).
# Wall time on one CPU core: see `seconds` in the records (three quarters of an hour with native bf16, 84 and 78 minutes without).
set -euo pipefail
data=${1:?folder of FERPlus, see docs/data.md}
weights=${2:?file of ImageNet weights, see docs/training.md}
out=${3:-runs}
export OMP_NUM_THREADS=1
origin="MobileNetV2 1.0 trained on ImageNet by pytorch-mobilenet-v2 (tonylins, Apache-2.0)"
if [ "$weights" = hub ]; then origin="timm's own weights of mobilenetv2_100"; fi
same=(--image-size 64 --stride 8 --channels 1 --backbone mobilenetv2_100 --method cross_entropy --targets votes
  --balance loss --batch-size 64 --optimizer adamw --weight-decay 0.05 --schedule cosine --tta-flip --device cpu)

clean="$out/ferplus-mobilenetv2_100-clean"
fer-core train --data "ferplus:$data" --pretrained "$weights" "${same[@]}" --balance-beta 0.999 --epochs 18 \
  --learning-rate 1e-3 --warmup-epochs 1 --ema-decay 0.99 --rotation 10 --zoom 0.15 --shift 0.08 --jitter 0.3 \
  --precision bf16 --out "$clean"
# The second run starts from the calibrated float16 weights, as they were bundled before.
fer-core bundle "$clean" --out "$clean/bundled" --origin "$origin, without its classifier."

fer-core train --data "ferplus:$data?rule=probability" --pretrained "$clean/bundled/model.safetensors" "${same[@]}" \
  --balance-beta 0.998 --epochs 8 --learning-rate 5e-4 --ema-decay 0.999 --rotation 15 --zoom 0.25 --shift 0.1 \
  --jitter 0.2 --corruption 0.5 --erase-scale 0.02 0.35 --precision no --out "$out/ferplus-mobilenetv2_100-camera"
fer-core bundle "$out/ferplus-mobilenetv2_100-camera" --out "$out/ferplus-mobilenetv2_100-camera/bundled" \
  --origin "$origin, without its classifier."

fer-core train --data "ferplus:$data?rule=probability" \
  --pretrained "$out/ferplus-mobilenetv2_100-camera/bundled/model.safetensors" "${same[@]}" \
  --balance-beta 0.998 --epochs 6 --learning-rate 5e-4 --ema-decay 0.999 --rotation 15 --zoom 0.25 --shift 0.1 \
  --jitter 0.3 --corruption 0.6 --corruption-kinds noise blur jpeg jpeg resolution resolution brighter darker \
  --erase-scale 0.02 0.3 --precision no --out "$out/ferplus-mobilenetv2_100-camera_more"
fer-core bundle "$out/ferplus-mobilenetv2_100-camera_more" --undo-weights \
  --average-with "$out/ferplus-mobilenetv2_100-camera" \
  --origin "$origin, then on FERPlus for 18 epochs without corruptions and 8 with; train/recipes/bundled.sh has all runs, docs/training.md says where the ImageNet file comes from."
