/* Whether this is a build with AddressSanitizer, which at its end looks for leaks: it traces the
 * process's threads and reads /proc. Such a build is confined all but for that. */
#ifndef BOOTD_IO_SANDBOX_SANITIZER_H
#define BOOTD_IO_SANDBOX_SANITIZER_H

#ifdef __SANITIZE_ADDRESS__
#define SANDBOX_HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_HAS_SANITIZER 1
#endif
#endif

#endif
