#pragma once
#include "stages/plain.h"
