# The commands a person and CI type. What they do is in tools/*.sh.
.PHONY: run check test soak bench deny doc tools

# Builds the release binary and starts it, with its data in ./data.
run:
	@tools/run.sh $(ARGS)

# The fast inner loop: format, lints, unit tests.
check:
	@tools/check.sh

# Every kind of test in its short form.
test:
	@tools/test.sh

# The long sizes, one part at a time: make soak PART=crash (none: lists them).
soak:
	@tools/soak.sh $(PART)

# Gantry against its peers, all workloads or some: make bench WORKLOAD=pulls,pushes
bench:
	@tools/bench.sh $(WORKLOAD) $(ARGS)

# Licences, bans and sources of dependencies.
deny:
	@tools/deny.sh

# Rust documentation; a warning is an error.
doc:
	@tools/doc.sh

# Installs everything `make test` needs.
tools:
	@tools/install.sh test
