# make test: everything a change must pass, on any Debian machine, from nothing.
# make soak: the night's tests in SOAK_MINUTES minutes; prints a table of what they found.
# make run:  the server's window, with the optional packages that can be had.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: test soak run screenshots system clean

VENV := .venv
BIN := $(VENV)/bin
TOOLS := 'pytest>=8' 'hypothesis>=6.100' 'ruff>=0.16' 'mypy>=1.18' 'coverage>=7.4' cryptography pillow
EXTRAS := cryptography pillow 'tkinterdnd2>=0.4'
PACKAGES := python3 python3-tk python3-venv xvfb xauth xdotool x11-utils \
	fontconfig fonts-dejavu-core fonts-noto-core fonts-noto-color-emoji
# Where there is no I/O, every branch is tested; elsewhere a figure would only reward clicking.
COVERED := protocol*.py,auth*.py,crypto*.py,conversation.py,file_names.py,file_words.py,realm_words.py,deadlines.py,entering.py,belonging.py,replication*.py,transfer*.py,$\
	*_core.py,server_rooms.py,server_presence.py,server_door.py,server_people.py,server_turn.py,$\
	server_posting.py,server_requests.py,server_entrance.py,server_members.py,server_operator.py,$\
	server_delivery.py,server_peer.py,server_sessions.py,server_links.py,server_partings.py,$\
	server_arrivals.py,server_frames.py,server_abroad.py,server_realms.py,server_realm_peer.py,server_realm_calls.py,server_realm_links.py,$\
	realms.py,server_realm_records.py,server_realm_people.py,server_realm_copying.py,server_realm_serving.py,server_realm_contacts.py,$\
	server_realm_following.py,server_realm_files.py,server_realm_logs.py,server_accounts.py,server_identity.py,server_conversations.py,$\
	server_stock.py,server_uploads.py,server_supply.py,server_files.py,server_file_model.py,server_realm_model.py,server_realm_backlog.py,$\
	client_logs.py,client_people.py,client_connection.py,client_entrance.py,$\
	client_requests.py,client_accounts.py,client_conversations.py,client_questions.py,$\
	client_file_moves.py,client_uploads.py,client_downloads.py,client_files.py,$\
	client_model.py,client_transcript.py,client_overview.py,client_mentions.py,client_search.py,client_tickets.py,$\
	client_held.py,client_fetching.py,client_file_model.py,client_rows.py,client_picture_sizes.py,client_form.py,client_layout.py,client_commands.py,$\
	client_inbox.py,client_arguments.py,client_answers.py,client_errands.py,client_asking.py,client_lines.py,$\
	client_line.py,client_talk.py,client_json.py,$\
	client_file_answers.py,client_file_lines.py,client_transfers.py,client_progress.py,client_deliveries.py,client_realms.py
DISPLAY_RUN = xvfb-run --auto-servernum --server-args='-screen 0 1600x1000x24'

export PYTHONUTF8 := 1
export LC_ALL := C.UTF-8
unexport PYTHONDONTWRITEBYTECODE  # hundreds of processes are started: none compiles it all again

test: system $(VENV)/.tools
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	# Three parts at once: what waits for sockets and windows, and, behind it, what computes.
	# Counting branches makes a test two and a half times as slow: it is left out where it would
	# add nothing.
	mkdir -p build
	$(BIN)/coverage erase
	$(DISPLAY_RUN) $(BIN)/python -m pytest -p no:cacheprovider \
		-m 'tk or socket' >build/outside.txt 2>&1 &
	outside=$$!
	nice -n 5 $(BIN)/python -m pytest -p no:cacheprovider \
		-m 'uncounted and not (tk or socket)' >build/uncounted.txt 2>&1 &
	uncounted=$$!
	failed=0
	nice -n 5 $(BIN)/coverage run -m pytest -m 'not (tk or socket or uncounted)' || failed=$$?
	wait $$uncounted || failed=$$?
	wait $$outside || failed=$$?
	cat build/uncounted.txt build/outside.txt
	[[ $$failed -eq 0 ]] || exit 1
	$(BIN)/coverage report --fail-under=100 --show-missing --skip-covered --include='$(COVERED)'

SOAK_MINUTES ?= 60
soak: system $(VENV)/.tools
	$(BIN)/python tests/soak.py $(SOAK_MINUTES)

run: $(VENV)/.extras
	$(BIN)/python server.py

screenshots: system $(VENV)/.tools
	$(DISPLAY_RUN) $(BIN)/python tests/make_screenshots.py

# Says nothing when all is there; installs what lacks where it may; else says what to install.
system:
	@if command -v dpkg-query >/dev/null; then
		missing=()
		for package in $(PACKAGES); do
			status=$$(dpkg-query -W -f='$${Status}' "$$package" 2>/dev/null || true)
			[[ $$status == *' installed' ]] || missing+=("$$package")
		done
		[[ $${#missing[@]} -eq 0 ]] && exit 0
		if [[ $$(id -u) -ne 0 ]]; then
			echo "Please install first: sudo apt-get install $${missing[*]}" >&2
			exit 1
		fi
		apt-get update
		DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$${missing[@]}"
	elif ! command -v xvfb-run >/dev/null; then
		echo "Please install first: Python 3.11 with Tkinter and venv, Xvfb with xvfb-run, xdotool, xprop, fonts" >&2
		exit 1
	fi

# The first Python that is new enough and brings a window: a python3 built by hand often has no Tk.
$(BIN)/python:
	@for python in python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11; do
		if "$$python" -c 'import ensurepip, sys, tkinter, venv; sys.exit(sys.version_info < (3, 11))' \
				2>/dev/null; then
			exec "$$python" -m venv $(VENV)
		fi
	done
	echo "No Python 3.11 or newer with Tkinter and venv was found." >&2
	exit 1

$(VENV)/.tools: Makefile | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TOOLS)
	touch $@

# None of them is needed to run, so what cannot be had is left out.
$(VENV)/.extras: Makefile | $(BIN)/python
	for extra in $(EXTRAS); do
		$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$extra" 2>/dev/null ||
			echo "Going on without $$extra."
	done
	touch $@

clean:
	rm -rf $(VENV) .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.ONESHELL:
