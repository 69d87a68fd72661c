#include <stdio.h>
#include <yolov6q/yolov6q.h>

/* The header is C, and errors come back as codes. */
int main(int argc, char** argv) {
  y6q_detector* detector = NULL;
  y6q_error error;
  if (argc != 2) return 2;
  if (y6q_detector_open(argv[1], NULL, &detector, &error) != Y6Q_OK) {
    printf("%s\n", error.message);
    return (int)error.status;
  }
  printf("%s: %d classes\n", y6q_version(), (int)y6q_detector_class_count(detector));
  y6q_detector_close(detector);
  return 0;
}
