#pragma once
/* One writer at a time: flock on <directory>/LOCK, which also says who holds it and since when. */
#include "base/status.h"

enum rcx_status rcx_store_lock(const char *directory, int *out_descriptor, struct rcx_error *err);
void rcx_store_unlock(int descriptor); /* -1 is fine */
