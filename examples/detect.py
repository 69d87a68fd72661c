"""detect.py MODEL.onnx IMAGE.ppm: prints the boxes found in an image (binary PPM, 8 bit, RGB).

The C interface through ctypes: nothing to compile, no package to install. LIBRARY is below the installation's prefix.
"""
import ctypes
import os
import sys

LIBRARY = os.environ.get("YOLOV6Q_LIBRARY", "/opt/yolov6q/lib/libyolov6q_detector.so")


class Options(ctypes.Structure):
    _fields_ = [("precision", ctypes.c_int), ("threads", ctypes.c_int), ("streams", ctypes.c_int),
                ("score_threshold", ctypes.c_float), ("iou_threshold", ctypes.c_float),
                ("max_detections", ctypes.c_int64), ("max_candidates", ctypes.c_int64),
                ("multi_label", ctypes.c_int), ("agnostic", ctypes.c_int)]


class Image(ctypes.Structure):
    _fields_ = [("pixels", ctypes.c_char_p), ("height", ctypes.c_int64), ("width", ctypes.c_int64),
                ("row_bytes", ctypes.c_int64), ("channels", ctypes.c_int)]


class Detection(ctypes.Structure):
    _fields_ = [("x1", ctypes.c_float), ("y1", ctypes.c_float), ("x2", ctypes.c_float), ("y2", ctypes.c_float),
                ("score", ctypes.c_float), ("label", ctypes.c_int32)]


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("message", ctypes.c_char * 1024)]


library = ctypes.CDLL(LIBRARY)
library.y6q_default_options.restype = Options
library.y6q_detector_class_name.restype = ctypes.c_char_p
library.y6q_detector_class_name.argtypes = [ctypes.c_void_p, ctypes.c_int32]
library.y6q_detector_close.argtypes = [ctypes.c_void_p]


class Detector:
    """One network, for one thread at a time."""

    def __init__(self, path, score_threshold=0.4):
        options = library.y6q_default_options()
        options.score_threshold = score_threshold
        self.handle = ctypes.c_void_p()
        self._call(library.y6q_detector_open, path.encode(), ctypes.byref(options), ctypes.byref(self.handle))

    def detect(self, rgb, height, width):
        """rgb: bytes, rows without gaps. Returns (class name, score, (x1, y1, x2, y2)), best first."""
        image = Image(rgb, height, width, 0, 1)
        found, count = ctypes.POINTER(Detection)(), ctypes.c_size_t()
        self._call(library.y6q_detector_detect, self.handle, ctypes.byref(image), ctypes.byref(found),
                   ctypes.byref(count))
        return [(library.y6q_detector_class_name(self.handle, d.label).decode(), d.score, (d.x1, d.y1, d.x2, d.y2))
                for d in found[:count.value]]

    def close(self):
        library.y6q_detector_close(self.handle)

    @staticmethod
    def _call(function, *arguments):
        error = Error()
        if function(*arguments, ctypes.byref(error)) != 0:
            raise RuntimeError(error.message.decode(errors="replace"))


def read_ppm(path):
    with open(path, "rb") as file:
        magic, size, largest = file.readline().split(), file.readline().split(), file.readline().split()
        if magic != [b"P6"] or largest != [b"255"]:
            raise RuntimeError(f"{path}: is no binary PPM with 8 bits a channel")
        return file.read(), int(size[1]), int(size[0])


if __name__ == "__main__":
    detector = Detector(sys.argv[1], score_threshold=0.25)
    for name, score, (x1, y1, x2, y2) in detector.detect(*read_ppm(sys.argv[2])):
        print(f"{name} {score:.3f}  {x1:.1f} {y1:.1f} {x2:.1f} {y2:.1f}")
    detector.close()
