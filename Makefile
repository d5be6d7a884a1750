# The front door.  Each target first installs what it lacks (Debian packages,
# listed with their purpose in tools/packages.txt), then lets Meson and Ninja
# do the work below build/.
#
#   make            the commands in build/bin, the libraries in build/lib
#   make demo       a tour, with an image it makes
#   make check      the quick test while working: gates and tests, gcc only
#   make test       everything: gates, both compilers, sanitizers, fuzzing, and
#                   what decodes media on two other processors
#   make cross      the tests on other processors; ARCH=name for one of them
#   make web        the package for browsers and Node, and the page, in build/web
#   make web-serve  the same, and serves the page on localhost; PORT=8000
#   make bench      the measurements; BENCH=name for one of them
#   make install    into PREFIX, below DESTDIR
#   make gates      the rules that a script can check
#   make format     lay out all C sources
#   make clean      remove build/

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
BENCH ?=
PORT ?= 8000
ARCH ?=
BUILD = build/gcc

all: build

build:
	@tools/need.sh build
	@tools/configure.sh gcc
	@ninja -C $(BUILD) -j $(JOBS) products
	@tools/stage.sh $(BUILD) build

demo:
	@tools/need.sh build demo
	@$(MAKE) --no-print-directory build
	@tools/demo.sh build

check:
	@tools/need.sh build test
	@tools/need_npm.sh
	@tools/run_tests.py -j $(JOBS) check

test:
	@tools/need.sh build test cross-some
	@tools/need_npm.sh
	@tools/run_tests.py -j $(JOBS) all

gates:
	@tools/need.sh build test
	@tools/run_tests.py -j $(JOBS) gates

cross:
	@tools/need.sh build test cross-some cross
	@tools/run_tests.py -j $(JOBS) cross $(ARCH)

web:
	@tools/need.sh build web
	@tools/need_npm.sh
	@tools/configure.sh gcc
	@ninja -C $(BUILD) -j $(JOBS) wasm
	@tools/stage_web.sh $(BUILD)/web build/web

web-serve: web
	@tools/need.sh serve
	@node tools/web_serve.mjs build/web $(PORT)

bench:
	@tools/need.sh build bench
	@tools/need_npm.sh
	@$(MAKE) --no-print-directory build
	@ninja -C $(BUILD) -j $(JOBS) benches wasm
	@tools/bench.sh $(BUILD) $(BENCH)

install: build
	@tools/install.sh $(BUILD) $(PREFIX)

format:
	@tools/need.sh test
	@find . -name build -prune -o -name '*.[ch]' -print | xargs clang-format -i

clean:
	rm -rf build

.PHONY: all build demo check test cross gates web web-serve bench install format clean
