"""make_coco.py IMAGES DETECTIONS_AN_IMAGE FOLDER: writes gt.json and dt.json for coco-eval, generated, line by line: 8 objects
an image, 80 classes, a quarter of the detections near an object of their class. Same arguments, same files."""
import random
import sys
from pathlib import Path

images, found_here, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
folder.mkdir(parents=True, exist_ok=True)
draw = random.Random(1).random
OBJECTS = 8

with open(folder / "gt.json", "w") as truth, open(folder / "dt.json", "w") as found:
    truth.write('{"categories":[' + ",".join(f'{{"id":{c},"name":"{c}"}}' for c in range(1, 81)) + '],\n"images":[')
    truth.write(",".join(f'{{"id":{i},"width":640,"height":480}}' for i in range(1, images + 1)) + '],\n"annotations":[')
    first_object = first_found = True
    for image in range(1, images + 1):
        objects = [(1 + int(draw() * 80), draw() * 400, draw() * 300, 5 + draw() * 200, 5 + draw() * 150) for _ in range(OBJECTS)]
        for n, (c, x, y, w, h) in enumerate(objects):
            truth.write("%s\n{\"id\":%d,\"image_id\":%d,\"category_id\":%d,\"bbox\":[%.2f,%.2f,%.2f,%.2f],\"area\":%.2f,\"iscrowd\":%d}" % (
                "" if first_object else ",", image * OBJECTS + n, image, c, x, y, w, h, w * h * 0.7, draw() < 0.01))
            first_object = False
        for n in range(found_here):
            if n % 4 == 0:
                c, x, y, w, h = objects[n // 4 % OBJECTS]
                x, y, score = x + (draw() - 0.5) * 0.4 * w, y + (draw() - 0.5) * 0.2 * h, draw()
            else:
                c, x, y, w, h, score = 1 + int(draw() * 80), draw() * 500, draw() * 400, 5 + draw() * 100, 5 + draw() * 100, draw() * 0.3
            found.write("%s{\"image_id\":%d,\"category_id\":%d,\"bbox\":[%.3f,%.3f,%.3f,%.3f],\"score\":%.5f}" % (
                "[" if first_found else ",\n", image, c, x, y, w, h, score))
            first_found = False
    truth.write("]}\n")
    found.write("]\n" if not first_found else "[]\n")
