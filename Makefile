# The front door.  Each target first installs what it lacks (Debian packages,
# listed with their purpose in tools/packages.txt), then lets Meson and Ninja
# do the work below build/.

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
BUILD = build/gcc

all: build

build:
	@tools/need.sh build
	@test -f $(BUILD)/build.ninja || CC=gcc meson setup $(BUILD) >/dev/null
	@ninja -C $(BUILD) -j $(JOBS) --quiet

check: build
	@tools/need.sh build test
	@meson configure $(BUILD) -Dtests=true
	@meson test -C $(BUILD) --print-errorlogs

format:
	@tools/need.sh test
	@git ls-files -co --exclude-standard '*.[ch]' | xargs clang-format -i

clean:
	rm -rf build

.PHONY: all build check format clean
