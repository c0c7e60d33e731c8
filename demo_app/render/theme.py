"""Colours and layout of the page: light, dark, and on telephones."""

from gradio.themes import Base

SYSTEM_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]

# Only fonts of the visitor's own system: the page asks no other server for anything.
THEME = Base(
    primary_hue="teal",
    secondary_hue="slate",
    neutral_hue="slate",
    radius_size="md",
    font=SYSTEM_FONTS,
    font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
).set(
    body_text_color_subdued="#566270",
    body_text_color_subdued_dark="#a3b0be",
    body_background_fill="#f6f7f9",
    body_background_fill_dark="#12161c",
    block_background_fill="#ffffff",
    block_background_fill_dark="#1b2129",
    block_border_color="#e3e7ec",
    block_border_color_dark="#2b333d",
    block_border_width="1px",
    block_label_background_fill="#ffffff",
    block_label_background_fill_dark="#1b2129",
    block_label_border_width="0px",
    block_label_text_color="#4b5765",
    block_label_text_color_dark="#aab6c3",
    block_shadow="none",
    **{
        f"link_text_color{state}{mode}": f"*primary_{shade}"
        for state in ("", "_active", "_hover", "_visited")
        for mode, shade in (("", 700), ("_dark", 300))
    },
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_hover_dark="*primary_800",
    button_primary_text_color="#ffffff",
    button_primary_text_color_dark="#ffffff",
    checkbox_label_background_fill="#eef1f4",
    checkbox_label_background_fill_dark="#252d37",
    checkbox_label_background_fill_selected="#d3efec",
    checkbox_label_background_fill_selected_dark="#17504c",
    checkbox_label_border_width="0px",
    checkbox_label_text_color_selected="#0b3b38",
    checkbox_label_text_color_selected_dark="#e6fffb",
)

CSS = """
.gradio-container { max-width: 1360px !important; margin: 0 auto !important; }
#head { padding: 4px 0 2px; }
#head h1 { font-size: 1.45rem; font-weight: 650; margin: 0; letter-spacing: -.01em; }
#head p { margin: 2px 0 0; color: var(--body-text-color-subdued); }
#head .html-container { position: relative; }
.language { display: inline-flex; gap: 6px; align-items: center; margin-top: 4px;
  font-size: .85rem; color: var(--body-text-color-subdued); }
.language + .language { margin-left: 16px; }
.language select { min-height: 28px; padding: 2px 6px; border-radius: 6px;
  border: 1px solid var(--border-color-primary); background: var(--block-background-fill);
  color: var(--body-text-color); }
#sentence p { margin: 0; font-size: 1.02rem; font-weight: 550; }
#faces img, #overlay img { width: 100%; max-height: 440px; object-fit: contain; }
#faces .icon-button-wrapper, #overlay .icon-button-wrapper { top: auto; bottom: 4px; }
#crop img, #crop_map img, #mirror_map img { width: 100%; }
#crops { flex-wrap: nowrap; }
#examples .caption-label { display: none; }
#examples .grid-wrap { height: auto; min-height: 0; overflow: visible; }
#examples .grid-container { grid-template-columns: repeat(3, minmax(0, 1fr)) !important;
  grid-template-rows: none; grid-auto-rows: auto; }
#examples .gallery-item { height: auto; }
#examples .thumbnail-item { width: 100%; height: auto; }
#head .html-container, #caption .html-container { padding: 0; }
.map-caption { margin: 0; line-height: 1.5; }
.map-caption .emotion { border-bottom: 3px solid var(--colour); }
.map-caption .scale { display: flex; align-items: center; gap: 8px; margin-top: 6px;
  font-size: .8rem; color: var(--body-text-color-subdued); }
.map-caption .scale i { flex: 0 1 180px; height: 8px; border-radius: 4px; }
.panel-title { font-size: .875rem; font-weight: 400; margin: 0 0 10px;
  color: var(--body-text-color-subdued); }
.bars { display: grid; gap: 7px; padding: 2px 0; }
.bar { display: grid; grid-template-columns: 6.2em 1fr 3.8em; gap: 10px; align-items: center;
  color: var(--body-text-color-subdued); font-size: .92rem; }
.bars-by-value .bar { order: var(--rank); }
.bar.strong { color: var(--body-text-color); font-weight: 650; }
.bar.shown .name { text-decoration: underline; text-underline-offset: 4px; }
.bar .track { height: 12px; border-radius: 6px; background: var(--border-color-primary);
  overflow: hidden; }
.bar .track i { display: block; height: 100%; min-width: 2px; border-radius: 6px;
  transition: width .25s; }
.bar .value { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bar .track { position: relative; }
.bar .track::after { content: ""; position: absolute; top: 0; bottom: 0; width: 1px;
  left: calc(100% * var(--threshold)); background: var(--body-text-color-subdued); }
.movements { margin-bottom: 10px; }
.movements .bar { grid-template-columns: minmax(7em, 1.4fr) 1fr 2.6em; }
.movements .bar small { opacity: .75; white-space: nowrap; }
.movements .track i { background: var(--primary-500); }
.movements .track::after { display: none; }
#movements p, .doing p, .moments p { margin: 0 0 6px; }
p.turned { font-weight: 600; }
p.movements-note { font-size: .8rem; color: var(--body-text-color-subdued); margin: 0; }
#controls { align-items: flex-end; }
#model_choice input, #other input { text-overflow: ellipsis; }
#model_line p { font-size: .85rem; color: var(--body-text-color-subdued); margin: 0; }
.crop-names { display: grid; grid-template-columns: repeat(3, 1fr); gap: 16px;
  font-size: .8rem; color: var(--body-text-color-subdued); margin: -6px 0 12px; }
#mirror .html-container { padding: 0; }
.mirror p { margin: 0 0 6px; }
.mirror .meters { display: grid; grid-template-columns: repeat(3, 1fr); gap: 12px; }
.mirror .meter { font-size: .8rem; color: var(--body-text-color-subdued); }
.mirror .meter b { font-size: .92rem; color: var(--body-text-color);
  font-variant-numeric: tabular-nums; }
.mirror .meter i { display: block; height: 4px; border-radius: 2px; margin: 2px 0;
  background: linear-gradient(to right, var(--primary-500) calc(100% * var(--share)),
  var(--border-color-primary) 0); }
#beside h3 { margin: 0; font-size: .95rem; }
#beside .said { margin: 2px 0 8px; font-weight: 600; border-left: 4px solid var(--colour);
  padding-left: 8px; }
#beside .said span { font-weight: 400; color: var(--body-text-color-subdued); }
#beside img { width: 100%; max-height: 320px; object-fit: contain; }
#live_view { aspect-ratio: 4 / 3; }
#live_view img { width: 100%; height: 100%; object-fit: contain; cursor: pointer; }
:is(#camera_fault, #photo_fault) .html-container { padding: 0; }
:is(#camera_fault, #photo_fault) p { margin: 0; font-weight: 600; }
:is(#camera_fault, #photo_fault):has(p:empty) { display: none; }
.record { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.record [hidden] { display: none; }
.record button, .record a { min-height: 34px; padding: 6px 12px; border-radius: 6px; border: 0;
  cursor: pointer; font-size: .9rem; color: var(--body-text-color); text-decoration: none;
  background: var(--border-color-primary); }
.record .record-start::before { content: "●"; color: #c62828; margin-right: 6px; }
.record .record-stop { background: #b3261e; color: #fff; }
.record .record-stop::before { content: "■"; margin-right: 6px; }
.record-saves { display: flex; flex-wrap: wrap; gap: 8px; }
.record-saves:not(:has(a:not([hidden]))) { display: none; }
.record-status { font-size: .9rem; font-variant-numeric: tabular-nums; }
.record-status:empty { display: none; }
.record p { flex: 1 1 100%; font-size: .85rem; color: var(--body-text-color-subdued); margin: 0; }
#live_record .html-container { padding: 0; }
#live_hint p { font-size: .85rem; color: var(--body-text-color-subdued); margin: 0; }
#live_panel p { margin: 0 0 8px; }
.live-face { min-height: 19rem; }
.live-figures .fps { font-size: 1.3rem; font-variant-numeric: tabular-nums; }
.strip { display: grid; gap: 4px; margin: 4px 0 14px; }
.strip .row { display: grid; grid-template-columns: 1.6em 1fr; align-items: center; }
.strip svg { width: 100%; height: 34px; border-radius: 4px; background: var(--border-color-primary);
  display: block; }
.strip rect { opacity: .75; }
.strip polyline { fill: none; stroke: var(--body-text-color); stroke-width: 1.5;
  vector-effect: non-scaling-stroke; }
.strip .axis { display: flex; justify-content: space-between; padding-left: 1.6em;
  font-size: .75rem; color: var(--body-text-color-subdued); }
.strip .axis i { font-style: normal; }
/* Without this a long cell makes the whole page wider than a telephone. */
#batch_rows { width: 0; min-width: 100% !important; }
#models_result .html-container { padding: 0; }
#models_result .wide { overflow-x: auto; }
#tabs [role="tab"][aria-selected="true"] { color: var(--primary-700); }
.dark #tabs [role="tab"][aria-selected="true"] { color: var(--primary-300); }
#models_result { width: 0; min-width: 100% !important; }
#models_result :is(table, tr) { border: 0; }
#models_result table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
#models_result :is(th, td) { text-align: left; padding: 6px 16px 6px 0; border: 0;
  border-top: 1px solid var(--border-color-primary); color: var(--body-text-color);
  background: none; }
#models_result .note td { border-top: 0; padding-top: 0; font-size: .85rem;
  color: var(--body-text-color-subdued); }
#video_hint p { font-size: .85rem; color: var(--body-text-color-subdued); margin: 0; }
#video_progress .html-container { padding: 0; }
.meter-line i { display: block; height: 8px; border-radius: 4px; margin: 0 0 6px;
  background: linear-gradient(to right, var(--primary-500) calc(100% * var(--share)),
  var(--border-color-primary) 0); }
.meter-line span { font-size: .9rem; font-variant-numeric: tabular-nums; }
#video_told .html-container { padding: 0; }
#video_told p, #video_told ul { margin: 0 0 6px; }
#video_told ul:not(.keys) { padding-left: 1.2em; list-style: disc; }
#video_told .keys { display: flex; flex-wrap: wrap; gap: 2px 14px; padding: 0; list-style: none;
  font-size: .85rem; }
#video_told .keys li::before { content: ""; display: inline-block; width: 12px; height: 12px;
  margin-right: 5px; border-radius: 3px; vertical-align: -1px; background: var(--colour);
  box-shadow: inset 0 0 0 1px var(--body-text-color-subdued); }
#video_timeline { min-height: 220px; }
#video_timeline .js-plotly-plot { cursor: col-resize; touch-action: pan-y; }
.video-line { position: absolute; top: 0; bottom: 40px; width: 2px; margin-left: -1px; z-index: 5;
  background: var(--body-text-color); cursor: col-resize; }
.video-line:focus-visible { outline: 2px solid var(--primary-500); outline-offset: 2px; }
#video_seek p { font-size: .85rem; color: var(--body-text-color-subdued); margin: 0; }
#video_seek .html-container, #video_events .html-container, #video_summaries .html-container {
  padding: 0; }
#video_events table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
#video_events th, #video_events td { text-align: left; padding: 3px 18px 3px 0; border: 0;
  background: none; color: var(--body-text-color); }
#video_events .seek { min-height: 24px; padding: 0 8px; border-radius: 4px; cursor: pointer;
  color: var(--body-text-color); background: var(--border-color-primary); border: 0; }
#video_events p, #video_summaries p { margin: 0 0 6px; }
.moments .doing { display: grid; gap: 4px 24px; min-height: 6.5em;
  grid-template-columns: repeat(auto-fit, minmax(15em, 1fr)); }
#live_panel .doing { min-height: 11em; }
#people_hint p { font-size: .85rem; color: var(--body-text-color-subdued); margin: 0; }
#people_fault p { margin: 0; font-weight: 600; }
.person { margin: 0 0 12px; }
.person .share { display: flex; height: 10px; border-radius: 5px; overflow: hidden; margin: 0 0 6px;
  background: var(--border-color-primary); }
#event_fault p { margin: 0; font-weight: 600; }
#video_timeline :is(g[class$="tick"] text, .annotation-text, [class$="title"]) {
  fill: var(--body-text-color) !important; }
@media (max-width: 640px) {
  .gradio-container main { padding: 10px !important; }
  #head h1 { font-size: 1.2rem; }
  #examples .grid-container { grid-template-columns: repeat(6, minmax(0, 1fr)) !important; }
  footer .divider { display: none !important; }
  #photo_row > :first-child { display: contents; }
  #photo_row > *, #photo_row > :first-child > * { flex: 1 1 100%; }
  #photo_row > :nth-child(n + 2) { order: 1; }
  #photo_row #photo_checks { order: 2; }
  #live > :first-child { display: contents; }
  #live > *, #live > :first-child > * { flex: 1 1 100%; order: 5; }
  #live #camera { order: 0; height: 190px !important; }
  #live #camera_fault { order: 1; }
  #live > :nth-child(2) { order: 2; }
  #live #live_record { order: 3; }
  #live #live_hint { order: 4; }
  #live > :nth-child(3) { order: 4; }
}
"""
