# SPDX-License-Identifier: MIT
#
# roff.awk - text as man(7) wants it: letters, fonts, sentences, examples, prototypes.
#
# Everything goes to `file`.

function replace_all(text, from, to,    at, done)
{
	done = ""
	while ((at = index(text, from)) > 0) {
		done = done substr(text, 1, at - 1) to
		text = substr(text, at + length(from))
	}
	return done text
}

# What roff would take for its own.
function escaped(text)
{
	text = replace_all(text, "\\", "\\(rs")
	text = replace_all(text, "'", "\\(aq")
	text = replace_all(text, "^", "\\(ha")
	return replace_all(text, "~", "\\(ti")
}

# A line of text, which might begin as a request does.
function guarded(line)
{
	return line ~ /^\./ ? "\\&" line : line
}

# Letters for letters, as a compiler wants them.
function verbatim(line)
{
	line = replace_all(escaped(line), "-", "\\-")
	return guarded(replace_all(line, "`", "\\(ga"))
}

function bold(text)
{
	return "\\fB" text "\\fP"
}

# A name of ours: a function of another page becomes a reference.
function marked_name(name,    is_call)
{
	is_call = name ~ /\(\)$/
	sub(/\(\)$/, "", name)
	if (!is_call)
		return bold(name)
	if (!(name in page_of)) {
		complain(page_line[page], title ": " name "() is not there")
		return bold(name)
	}
	if (page_of[name] == page)
		return bold(name) "()"
	refers[page_of[name]] = 1
	return bold(name) "(3)"
}

function marked_names(text,    done)
{
	done = ""
	while (match(text, /(qs_[a-z_0-9]+(\(\))?|QS_[A-Z_0-9]+)/)) {
		done = done substr(text, 1, RSTART - 1)
		text = substr(text, RSTART)
		done = done marked_name(substr(text, 1, RLENGTH))
		text = substr(text, RLENGTH + 1)
	}
	return done text
}

# A minus of a code or number is no hyphen.
function marked_minus(text,    done)
{
	done = ""
	while (match(text, /(^|[ (])-[EQ0-9]/)) {
		done = done substr(text, 1, RSTART + RLENGTH - 3) "\\-"
		text = substr(text, RSTART + RLENGTH - 1)
	}
	return done text
}

# What is between two signs, *this* or `that`, in another font and without them.
function marked_pairs(text, pattern, font,    done, inside)
{
	done = ""
	while (match(text, pattern)) {
		inside = substr(text, RSTART, RLENGTH)
		done = done substr(text, 1, RSTART - 1)
		text = substr(text, RSTART + RLENGTH)
		gsub(/[*`]/, "", inside)
		# Names of ours are marked wherever they stand.
		done = done (inside ~ /^(qs_|QS_)/ ? inside : font inside "\\fP")
	}
	return done text
}

function prose(text)
{
	text = marked_pairs(escaped(text), "`[^`]+`", "\\fB")
	text = marked_pairs(text, "[*][a-z_]+[*]", "\\fI")
	return marked_names(marked_minus(text))
}

# A name that begins a sentence keeps its letter; a parameter's is set off, as nothing else would tell it from a word.
function capital(text,    first)
{
	first = text
	sub(/[^A-Za-z0-9_].*/, "", first)
	if (first in is_parameter)
		return "*" first "*" substr(text, length(first) + 1)
	return text ~ /^[a-z]/ && first !~ /_/ ? toupper(substr(text, 1, 1)) substr(text, 2) : text
}

function put(line)
{
	print line > file
}

# A sentence a line, as roff wants it.
function put_prose(text)
{
	text = prose(text)
	while (match(text, /[.?!:][")]?  +/)) {
		put_text_line(substr(text, 1, RSTART + RLENGTH - 1))
		text = substr(text, RSTART + RLENGTH)
	}
	put_text_line(text)
}

function put_text_line(line,    at)
{
	sub(/ +$/, "", line)
	while (length(line) > WIDTH) {
		for (at = WIDTH; at > 1 && substr(line, at, 1) != " "; at--)
			;
		if (at == 1)
			break
		put(guarded(substr(line, 1, at - 1)))
		line = substr(line, at + 1)
	}
	if (line != "")
		put(guarded(line))
}

function as_sentence(text)
{
	return capital(text) (text ~ /[.]$/ ? "" : ".")
}

function put_item(tag, text)
{
	put(".TP")
	put(tag)
	put_prose(text)
}

# Leading tabs become four columns each, later ones go on to the next stop of eight.
function without_tabs(line,    done, column, c, i)
{
	while (substr(line, length(done) / 4 + 1, 1) == "\t")
		done = done "    "
	line = substr(line, length(done) / 4 + 1)
	column = 0
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		if (c == "\t")
			c = substr("        ", column % 8 + 1)
		done = done c
		column += length(c)
	}
	return done
}

function is_code(block)
{
	return block ~ /[;{}](\n|$)/
}

# Each line is a word, tabs, and what is said of it.
function is_table(block,    lines, count, i)
{
	count = split(block, lines, "\n")
	for (i = 1; i <= count; i++)
		if (lines[i] !~ /^[^\t ]+\t+[^\t]/)
			return 0
	return 1
}

function put_table(block,    lines, count, i)
{
	count = split(block, lines, "\n")
	for (i = 1; i <= count; i++) {
		match(lines[i], /\t+/)
		put_item(bold(substr(lines[i], 1, RSTART - 1)), as_sentence(substr(lines[i], RSTART + RLENGTH)))
	}
}

function put_block(block,    lines, count, i)
{
	if (is_table(block)) {
		put_table(block)
		return
	}
	put(is_code(block) ? ".EX" : ".nf")
	count = split(block, lines, "\n")
	for (i = 1; i <= count; i++)
		put(verbatim(without_tabs(lines[i])))
	put(is_code(block) ? ".EE" : ".fi")
	put(".nh")	# which .EE has ended
}

# A paragraph as comment.awk has found it.
function put_text(text)
{
	if (text ~ /^\n/)
		put_block(substr(text, 2))
	else
		put_prose(text)
}

# One argument in a line that is bold, but for the names.
function marked_argument(argument,    at)
{
	if (argument == "void" || !match(argument, /[A-Za-z_0-9]+$/))
		return argument
	at = RSTART
	return substr(argument, 1, at - 1) "\\fI" substr(argument, at) "\\fB"
}

# As wide as a page of 80 columns lets it be; goes on below the first argument.
function put_prototype(prototype, before,    head, open, arguments, count, i, width, line, length_, indent)
{
	sub(/^typedef /, "", prototype)
	gsub(/[ \t\n]+/, " ", prototype)
	sub(/\);$/, "", prototype)
	open = index(prototype, "(")
	if (open == 0) {
		sub(/;$/, "", prototype)
		put(bold(before prototype ";"))
		return
	}
	head = substr(prototype, 1, open)
	count = split(substr(prototype, open + 1), arguments, ", ")
	indent = length(head) + length(before)
	line = before head
	width = indent
	for (i = 1; i <= count; i++) {
		length_ = length(arguments[i]) + 2
		if (i > 1 && width + length_ > WIDTH) {
			put(bold(line))
			line = sprintf("%" indent "s", "")
			width = indent
		}
		line = line marked_argument(arguments[i]) (i < count ? ", " : ");")
		width += length_
	}
	put(bold(line))
}
