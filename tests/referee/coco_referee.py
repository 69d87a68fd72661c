"""coco_referee.py FOLDER SEED: writes random ground truth and detections to FOLDER, and what pycocotools and
faster-coco-eval say about them: expected.json with the two lists of numbers, {precision,recall,scores}.f64 raw.
chosen.json has a choice of images, categories, limits and area ranges, {precision,recall,scores}_chosen.f64 what
pycocotools says about that.
Exits with 77 when a package is absent (tests/referee/README.md)."""
import contextlib
import io
import json
import random
import sys
from pathlib import Path

try:
    from faster_coco_eval import COCO as FastCOCO, COCOeval_faster
    from pycocotools.coco import COCO
    from pycocotools import mask
    from pycocotools.cocoeval import COCOeval
    import numpy
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(77)

folder, seed = Path(sys.argv[1]), int(sys.argv[2])
draw = random.Random(seed)
SIDES = (4, 31.5, 32, 32.5, 60, 95.9, 96, 96.1, 200)


def box():
    # Half of the boxes lie on a coarse grid: equal boxes, IoU on a threshold, areas on a border.
    if draw.random() < 0.5:
        return [draw.randrange(6) * 16, draw.randrange(6) * 16, draw.choice(SIDES), draw.choice(SIDES)]
    return [draw.uniform(0, 300), draw.uniform(0, 200), draw.uniform(1, 150), draw.uniform(1, 150)]


def near(b):
    shift = draw.uniform(0, 0.4)
    return [v + shift * side * draw.uniform(-1, 1) for v, side in zip(b, (b[2], b[3], b[2] / 2, b[3] / 2))]


def crowd_region():
    """Run lengths of a rectangle, as a list or as COCO's compressed text: what crowd annotations carry."""
    picture = numpy.zeros((480, 640), dtype=numpy.uint8, order="F")
    picture[draw.randrange(200):300, draw.randrange(300):400] = 1
    if draw.random() < 0.5:
        compressed = mask.encode(picture)
        return dict(size=[480, 640], counts=compressed["counts"].decode())
    flat = picture.flatten(order="F")
    changes = (numpy.flatnonzero(numpy.diff(flat)) + 1).tolist()
    edges = [0, *changes, flat.size]
    return dict(size=[480, 640], counts=[b - a for a, b in zip(edges, edges[1:])])


images = draw.sample(range(1, 10**12), draw.randint(1, 40))
categories = draw.sample(range(0, 200), draw.randint(1, 8))
objects, found = [], []
for image in images:
    for _ in range(draw.choice((0, 3, 12))):
        b = box()
        # Ids begin at 1: pycocotools takes an annotation with id 0 for no match.
        objects.append(dict(id=len(objects) + 1, image_id=image, category_id=draw.choice(categories), bbox=b,
                            area=b[2] * b[3] * draw.choice((1, 1, 0.6)), iscrowd=int(draw.random() < 0.08)))
        if objects[-1]["iscrowd"]:
            objects[-1]["segmentation"] = crowd_region()
        if draw.random() < 0.1:
            objects[-1]["ignore"] = 1  # pycocotools overwrites it with iscrowd
        for _ in range(draw.randint(0, 4)):
            category = objects[-1]["category_id"] if draw.random() < 0.8 else draw.choice(categories)
            score = draw.choice((draw.random(), draw.randrange(10) / 10))
            found.append(dict(image_id=image, category_id=category, bbox=near(b) if draw.random() < 0.7 else b, score=score))
    for _ in range(draw.choice((0, 10, 150))):
        found.append(dict(image_id=image, category_id=draw.choice(categories), bbox=box(), score=draw.random() * 0.5))
if not objects:
    objects.append(dict(id=1, image_id=images[0], category_id=categories[0], bbox=[0, 0, 50, 50], area=2500, iscrowd=0))
if not found:
    found.append(dict(image_id=images[0], category_id=categories[0], bbox=[0, 0, 50, 50], score=0.5))
for values in (objects, found):
    draw.shuffle(values)
json.dump(dict(images=[dict(id=i, width=640, height=480) for i in images], annotations=objects,
               categories=[dict(id=c, name=f"class {c}") for c in categories]), open(folder / "gt.json", "w"))
json.dump(found, open(folder / "dt.json", "w"))


def run(coco_class, eval_class, chosen=None):
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco_class(str(folder / "gt.json"))
        evaluation = eval_class(truth, truth.loadRes(str(folder / "dt.json")), "bbox")
        for name, value in (chosen or {}).items():
            setattr(evaluation.params, name, value)
        evaluation.evaluate()
        evaluation.accumulate()
        if chosen is None:
            evaluation.summarize()
    return evaluation


slow, fast = run(COCO, COCOeval), run(FastCOCO, COCOeval_faster)
for name in ("precision", "recall", "scores"):
    slow.eval[name].astype("<f8").tofile(folder / f"{name}.f64")
json.dump(dict(pycocotools=[float(x) for x in slow.stats], faster_coco_eval=[float(x) for x in fast.stats][:12]),
          open(folder / "expected.json", "w"))
chosen = dict(catIds=sorted(draw.sample(categories, draw.randint(1, len(categories)))),
              imgIds=sorted(draw.sample(images, draw.randint(1, len(images)))), maxDets=[2, 7, 30],
              areaRng=[[0, 1e10], [0, 700], [700, 5000.5], [5000.5, 1e10]])
json.dump(chosen, open(folder / "chosen.json", "w"))
of_chosen = run(COCO, COCOeval, chosen)
for name in ("precision", "recall", "scores"):
    of_chosen.eval[name].astype("<f8").tofile(folder / f"{name}_chosen.f64")
