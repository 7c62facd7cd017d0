# SPDX-License-Identifier: MIT
#
# comment.awk - takes a function's comment apart.
#
# Its parts are told by how their lines begin:
#
#	qs_name - words		what a function does, in one sentence; further ones belong to the description
#	three blanks, a name	a parameter; two blanks or more, and what is to be said of it
#	a tab			an example, if it is C; else something that keeps its lines
#	Returns 		what comes back; codes, each with its case in parentheses: "0; -EBUSY (not joined yet); -EINVAL."
#	Threads:		the last line: Threads, Waits, Handlers, Fork
#
# What becomes of them:
#
#	texts[i]				paragraphs, as many as text_count; an example or a diagram begins with a newline
#	parameter_names[i], parameter_text[i]	as many as parameter_count
#	entry_names[i], _brief[i], _text[i]	what each function does, as many as entry_count
#	success, further			what Returns says of other things than failure
#	code[i], case_of[i]			codes and their cases, as many as code_count
#	note[1..4]				the last line

# One more line of a paragraph; a line that ends a sentence is followed by two blanks.
function joined(text, line)
{
	if (text == "")
		return line
	return text (text ~ /[.?!][")]?$/ ? "  " : " ") line
}

# A block is told from other paragraphs by the newline that it begins with.
function end_paragraph()
{
	if (paragraph == "")
		return
	if (kind == "text")
		texts[++text_count] = paragraph
	else if (kind == "block")
		texts[++text_count] = "\n" paragraph
	else if (kind == "returns")
		returns = joined(returns, paragraph)
	else if (kind == "notes")
		notes = joined(notes, paragraph)
	paragraph = ""
	kind = ""
}

function begin_paragraph(new_kind)
{
	end_paragraph()
	kind = new_kind
}

function take_parameter(line,    names)
{
	begin_paragraph("parameter")
	names = trim(line)
	sub(/  .*/, "", names)
	line = trim(line)
	parameter_count++
	parameter_names[parameter_count] = names
	parameter_text[parameter_count] = trim(substr(line, length(names) + 1))
}

# A line goes on with what is there, or begins something else.
function take_line(line)
{
	if (line == "") {
		# Inside a program, an empty line is the program's.
		if (kind == "block")
			paragraph = paragraph "\n"
		else
			end_paragraph()
	} else if (line ~ /^\t/) {
		if (kind != "block")
			begin_paragraph("block")
		paragraph = paragraph (paragraph == "" ? "" : "\n") substr(line, 2)
	} else if (line ~ /^  [a-z_]+(, [a-z_]+)*  +[^ ]/) {
		take_parameter(line)
	} else if (line ~ /^     / && kind == "parameter") {
		parameter_text[parameter_count] = joined(parameter_text[parameter_count], trim(line))
	} else {
		if (line ~ /^Threads: /)
			begin_paragraph("notes")
		else if (line ~ /^Returns / && kind != "notes")
			begin_paragraph("returns")
		else if (kind !~ /^(text|returns|notes)$/)
			begin_paragraph("text")
		paragraph = joined(paragraph, line)
	}
}

# Fills in texts and parameter_*; Returns and the last line stay whole for now, in `returns` and `notes`.
function take_apart(text,    lines, count, i)
{
	text_count = parameter_count = 0
	returns = notes = paragraph = kind = ""
	count = split(text, lines, "\n")
	for (i = 1; i <= count; i++)
		take_line(lines[i])
	end_paragraph()
	for (i = 1; i <= text_count; i++)
		sub(/\n+$/, "", texts[i])
}

# The first paragraph: "qs_a - what.  More.  qs_b, qs_c - what."  Fills in entry_names, entry_brief, entry_text.
function take_entries(text,    sentence, at)
{
	entry_count = 0
	while (text != "") {
		at = match(text, /[.?!][")]?  +/)
		sentence = at ? substr(text, 1, RSTART + RLENGTH - 1) : text
		text = substr(text, length(sentence) + 1)
		sub(/ +$/, "", sentence)
		if (sentence ~ /^qs_[a-z_0-9]+(, qs_[a-z_0-9]+)* - /) {
			at = index(sentence, " - ")
			entry_names[++entry_count] = substr(sentence, 1, at - 1)
			sentence = substr(sentence, at + 3)
			entry_text[entry_count] = capital(sentence)
			sub(/\.$/, "", sentence)
			entry_brief[entry_count] = sentence
		} else {
			entry_text[entry_count] = entry_text[entry_count] "  " sentence
		}
	}
}

# The first sentence of `returns` is a list, whose commas inside parentheses separate nothing.
function take_returns(    first, depth, i, c, item, before)
{
	success = further = ""
	code_count = 0
	if (returns == "")
		return
	first = substr(returns, length("Returns ") + 1)
	depth = 0
	before = item = ""
	for (i = 1; i <= length(first); i++) {
		c = substr(first, i, 1)
		depth += (c == "(") - (c == ")")
		if (depth == 0 && c == "." && (i == length(first) || substr(first, i + 1, 2) == "  ")) {
			further = trim(substr(first, i + 1))
			break
		}
		if (depth == 0 && (c == "," || c == ";")) {
			take_return(item, before)
			before = c
			item = ""
		} else {
			item = item c
		}
	}
	take_return(item, before)
}

function take_return(item, before,    name, words)
{
	item = trim(item)
	sub(/^or -/, "-", item)
	if (item ~ /^-(QS_)?E[A-Z0-9]+( \(.*\))?$/) {
		name = words = item
		sub(/ .*/, "", name)
		if (!sub(/^[^ ]* \(/, "", words))
			words = ""
		sub(/\)$/, "", words)
		add_code(name, words)
	} else if (item ~ /^what .*\(-E/) {
		words = name = item
		sub(/ \(.*/, "", words)
		sub(/^[^(]*\(/, "", name)
		sub(/\)$/, "", name)
		add_code(name, words)
	} else {
		success = success (success == "" ? "" : before " ") item
	}
}

# A code's words: of this function, else the table's.
function add_code(name, words,    i)
{
	for (i = 1; i <= code_count; i++)
		if (code[i] == name) {
			if (words != "")
				case_of[i] = case_of[i] == "" ? words : case_of[i] "; " words
			return
		}
	code[++code_count] = name
	case_of[code_count] = words
}

# "Threads: any.  Waits: no.  Handlers: no.  Fork: works."
function split_notes(    i, rest, at, next_at)
{
	rest = notes
	for (i = 1; i <= 4; i++) {
		at = index(rest, heading[i] ": ")
		if (at != 1) {
			complain(page_line[page], title ": the last line has no \"" heading[i] ":\" in its place")
			return 0
		}
		rest = substr(rest, length(heading[i]) + 3)
		next_at = i < 4 ? index(rest, "  " heading[i + 1] ": ") : length(rest) + 1
		note[i] = substr(rest, 1, next_at - 1)
		rest = substr(rest, next_at + 2)
	}
	return 1
}

# What a forked child gets is an error, too.
function take_fork_code(    words)
{
	if (note[4] !~ /^-QS_EFORKED/)
		return
	words = ""
	if (match(note[4], /^-QS_EFORKED \(.*\)/))
		words = substr(note[4], length("-QS_EFORKED (") + 1, RLENGTH - length("-QS_EFORKED ()"))
	add_code("-QS_EFORKED", words)
}
