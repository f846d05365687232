#include "tftp/tftp_options.h"

const char *const tftp_option_names[TFTP_OPTION_COUNT] = {
	[TFTP_OPTION_BLOCK_SIZE] = "blksize",
	[TFTP_OPTION_TIMEOUT] = "timeout",
	[TFTP_OPTION_SIZE] = "tsize",
	[TFTP_OPTION_WINDOW] = "windowsize",
	[TFTP_OPTION_FINE_TIMEOUT] = "utimeout",
	[TFTP_OPTION_ROLLOVER] = "rollover",
};
