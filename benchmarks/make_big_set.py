"""make_big_set.py FOLDER BOXES: gives the training images of a set made by `yolov6q synth` so many boxes of 80 classes, as
label files (big.yaml) and as a COCO JSON with outlines of 30 points, which make most of such files' bytes. The boxes
are not of what the images show. Same arguments, same files."""
import random
import sys
from pathlib import Path

folder, boxes = Path(sys.argv[1]), int(sys.argv[2])
names = sorted(path.stem for path in (folder / "images/train").iterdir())
SIDE, CLASSES = 64, 80
draw = random.Random(1).random
outlines = [",".join("%.2f" % (draw() * 600) for _ in range(60)) for _ in range(1000)]

(folder / "big.yaml").write_text("train: images/train\nnames: [%s]\n" % ", ".join(f"class{c}" for c in range(CLASSES)))
with open(folder / "annotations/instances_train.json", "w") as truth:
    truth.write('{"categories":[' + ",".join(f'{{"id":{c + 1},"name":"class{c}"}}' for c in range(CLASSES)) + '],\n"images":[')
    truth.write(",".join(f'{{"id":{i},"file_name":"{name}.jpg","width":{SIDE},"height":{SIDE}}}' for i, name in enumerate(names)))
    truth.write('],\n"annotations":[')
    written = 0
    for i, name in enumerate(names):
        rows = []
        for _ in range(boxes * (i + 1) // len(names) - written):
            c, w, h = int(draw() * CLASSES), 4 + int(draw() * 24), 4 + int(draw() * 24)
            x, y = int(draw() * (SIDE - w)), int(draw() * (SIDE - h))
            rows.append("%d %.6f %.6f %.6f %.6f\n" % (c, (x + w / 2) / SIDE, (y + h / 2) / SIDE, w / SIDE, h / SIDE))
            truth.write('%s{"segmentation":[[%s]],"area":%.4f,"iscrowd":0,"image_id":%d,"bbox":[%d,%d,%d,%d],"category_id":%d,"id":%d}' % (
                ",\n" if written else "", outlines[written % len(outlines)], w * h * 0.7, i, x, y, w, h, c + 1, written + 1))
            written += 1
        (folder / "labels/train" / f"{name}.txt").write_text("".join(rows))
    truth.write("]}\n")
