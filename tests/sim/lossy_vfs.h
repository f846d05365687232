/* An SQLite VFS in memory that knows what was synced. After a crash of the machine, of what was not
 * synced some writes are there and some are not, in any combination. */
#ifndef BOOTD_TESTS_LOSSY_VFS_H
#define BOOTD_TESTS_LOSSY_VFS_H

#include <stdbool.h>

#define LOSSY_VFS "lossy"

/* Registers the VFS; random decides what survives. */
void lossy_vfs_init(unsigned (*random)(unsigned count));

/* Forgets all files. */
void lossy_vfs_reset(void);

/* From the count-th write or sync on everything fails, as for a process that is dead. 0: nothing
 * does. */
void lossy_vfs_fail_after(unsigned count);

/* Whether something has failed since. */
bool lossy_vfs_has_failed(void);

/* A sync says that all is well and does nothing: as a disk that lies, or synchronous = OFF. */
void lossy_vfs_lie(bool is_lying);

/* The machine goes down. Nothing may be open. */
void lossy_vfs_crash(void);

#endif
