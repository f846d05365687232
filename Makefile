# A thin front of meson: each target is one command of tools/ or meson.
#
#   make                 build build/bootd
#   make run             boot a virtual PC from bootd   FIRMWARE=bios|uefi|http  LOADER=usual|ipxe
#                                                       MODE=server|proxy  ROOT=http  IFACE=eth1
#   make check           every test                     make soak: the heavy ones at full count
#   make bench           beside other servers           BENCH="--row NAME": that of TFTP alone
#   make install         DESTDIR= prefix=

FIRMWARE ?= bios
LOADER ?= usual
MODE ?= server
prefix ?= /usr/local

.PHONY: all run check soak bench fuzz format lint install clean

all: build/build.ninja
	ninja -C build

build/build.ninja:
	tools/setup build
	meson setup build --prefix=$(prefix)

run:
	tools/setup build run
	@$(MAKE) --no-print-directory all
	tools/run --firmware $(FIRMWARE) --loader $(LOADER) --mode $(MODE) $(if $(ROOT),--root $(ROOT)) \
		$(if $(IFACE),--iface $(IFACE))

check:
	tools/setup build run check
	tools/check

soak:
	tools/setup build run check
	tools/check --soak

bench:
	tools/setup build bench
	@$(MAKE) --no-print-directory all
	tests/bench/tftp_bench.py --bootd build/bootd $(BENCH)
	$(if $(BENCH),,tests/bench/dhcp_bench.py --bootd build/bootd)
	$(if $(BENCH),,tests/bench/http_bench.py --bootd build/bootd)
	$(if $(BENCH),,tests/bench/remote_bench.py --bootd build/bootd)

fuzz:
	tools/setup build check
	tools/fuzz

format:
	tools/setup lint
	git ls-files '*.c' '*.h' | xargs clang-format -i

lint:
	tools/setup build lint
	tools/lint

install: build/build.ninja
	meson configure build --prefix=$(prefix)
	ninja -C build
	meson install -C build --no-rebuild $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))

clean:
	rm -rf build build-check build-fuzz
