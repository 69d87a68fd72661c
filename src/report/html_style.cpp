#include "report/html_style.h"

namespace y6q::report {

// Colours of the curves: Okabe and Ito 2008, distinguishable without red-green vision; dashes tell them apart
// in print.
const std::string_view kStyle = R"css(
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--text:#1b1f24;--dim:#5c6672;--line:#dfe3e8;--accent:#0067a8;--shade:#1b1f2440;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#b0578d;--c4:#a67c00;--c5:#3a8fc4}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--card:#1c2026;--text:#e6e9ed;--dim:#9aa5b1;--line:#323942;--shade:#000c;
--accent:#6cb8ee;--c0:#56b4e9;--c1:#f08a3c;--c2:#2fc79a;--c3:#dd8fbd;--c4:#e0b93f;--c5:#9cc9f0}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1120px;margin:0 auto;padding:28px 20px 40px}
header{margin:0 0 20px}
h1{font-size:1.7rem;line-height:1.2;margin:0;letter-spacing:-.01em}
h2{font-size:1.05rem;margin:0 0 12px}
header p,.note,footer{color:var(--dim);font-size:.9rem}
header p{margin:6px 0 0}
.note{margin:10px 0 0;white-space:pre-line}
p.text{margin:0 0 16px}
p.result{font-size:1.08rem;background:var(--card);border:1px solid var(--line);border-left:5px solid var(--c2);border-radius:10px;padding:14px 18px}
p.alarm{background:var(--card);border:1px solid var(--line);border-left:5px solid var(--c1);border-radius:10px;padding:12px 18px}
.links{margin:0;padding:0;list-style:none;display:flex;flex-wrap:wrap;gap:6px 22px}
a{color:var(--accent)}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin:0 0 16px;min-width:0}
.row{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr));gap:0 16px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:0 0 16px}
.figures .card{margin:0;padding:14px 16px}
.figures b{display:block;font-size:1.75rem;line-height:1.2;font-weight:650;color:var(--accent);
font-variant-numeric:tabular-nums}
.figures span{display:block;font-weight:600;font-size:.92rem}
.figures small{display:block;color:var(--dim)}
.scroll{overflow-x:auto;background:linear-gradient(to left,var(--card) 50%,transparent) right/36px 100% no-repeat local,
linear-gradient(to left,var(--shade),transparent) right/14px 100% no-repeat}
table{border-collapse:collapse;width:100%;font-size:.94rem}
th,td{padding:7px 12px;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td,tr:last-child th{border-bottom:0}
thead th{border-bottom:2px solid var(--line);color:var(--dim);font-weight:600;vertical-align:bottom}
tbody th{font-weight:600;min-width:8em}
.n{text-align:right;font-variant-numeric:tabular-nums}td.n{white-space:nowrap}
th:first-child,td:first-child{padding-left:0}th:last-child,td:last-child{padding-right:0}
.keys th{width:30%;color:var(--dim);font-weight:500}
.keys td{overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
.heat{width:auto;font-size:.8rem}
.heat th,.heat td{padding:3px 6px;border:1px solid var(--line);text-align:right;font-variant-numeric:tabular-nums}
.heat tr:last-child>*{border-bottom:1px solid var(--line)}.heat thead th{text-align:center}.heat thead span{writing-mode:vertical-rl;transform:rotate(180deg)}
.heat td{background:color-mix(in srgb,var(--c4) calc(var(--share,0%)*.8),transparent);min-width:34px}
svg{display:block;width:100%;height:auto}
svg text{font-size:12px;fill:var(--dim)}
svg .grid{stroke:var(--line);stroke-width:1}
svg path{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
path.s0{stroke:var(--c0)}path.s1{stroke:var(--c1);stroke-dasharray:7 4}path.s2{stroke:var(--c2);stroke-dasharray:2 4}
path.s3{stroke:var(--c3);stroke-dasharray:10 3 2 3}path.s4{stroke:var(--c4);stroke-dasharray:4 3}
path.s5{stroke:var(--c5);stroke-dasharray:12 4}
circle.s0{fill:var(--c0)}circle.s1{fill:var(--c1)}circle.s2{fill:var(--c2)}circle.s3{fill:var(--c3)}
circle.s4{fill:var(--c4)}circle.s5{fill:var(--c5)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:8px 0 0;padding:0;list-style:none;font-size:.86rem}
.legend svg{display:inline-block;width:26px;height:10px;margin-right:6px;vertical-align:middle}
.bars{display:grid;grid-template-columns:minmax(0,max-content) minmax(60px,1fr) max-content;gap:5px 12px;
align-items:center;font-size:.86rem}
.bars span{overflow-wrap:anywhere}
.bars i{display:block;height:12px;border-radius:0 3px 3px 0;background:var(--c0);min-width:1px}
.gallery{display:grid;gap:10px}
.gallery div{font-weight:600;font-size:.9rem;text-align:center}
.histograms{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:14px}
svg path.area{fill:var(--c0);stroke:none}svg path.limit{stroke:var(--c1);stroke-width:3}
figure{margin:0;min-width:0}
img{display:block;width:100%;height:auto;border-radius:6px;background:var(--line)}
figcaption{color:var(--dim);font-size:.82rem;margin-top:4px;overflow-wrap:anywhere}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:.86rem/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre code::before{content:"$ ";color:var(--dim)}
footer{margin:20px 0 0}
@media(max-width:560px){main{padding:18px 12px 28px}.card{padding:14px}h1{font-size:1.35rem}
.figures{grid-template-columns:repeat(2,minmax(0,1fr))}.figures b{font-size:1.4rem}
table{font-size:.86rem}th,td{padding:6px 5px}tbody th{min-width:7em}svg text{font-size:14px}.gallery{gap:6px}.keys th{width:38%}}
@media print{body{background:#fff}.card{break-inside:avoid}}
)css";

}  // namespace y6q::report
