// What the Glibc module lacks: the Linux calls that a supervisor and a relay need, each as thin as it can be.
//
// These headers include no system header but <stdint.h>: SwiftNIO's own C module shows some of the same system types under other
// feature macros, and a Swift file that imports both would be refused. The calls are made in the .c files.
#ifndef CLINUX_H
#define CLINUX_H

#include "clinux_diag.h"
#include "clinux_landlock.h"
#include "clinux_process.h"
#include "clinux_socket.h"
#include "clinux_survival.h"

#endif
