# SPDX-License-Identifier: MIT
#
# header.awk - reads quiesce.h into tables, for page.awk to write from.
#
# The header is a row of comments and of what they stand above; a blank line ends a block.  Four kinds of comment are known by how
# they begin:
#
#	a line of dashes	a section: its title, then what holds for all of it
#	qs_name -		functions: the prototypes below it
#	above a type		that type, or the types that follow without a blank line
#	quiesce.h -		the overview, which is for quiesce(3)
#
# What it fills in, by number (p of a page, s of a section) or by name:
#
#	overview
#	sections, section_title[s], section_text[s]
#	pages, page_line[p], page_section[p], page_text[p], page_functions[p], page_function[p, i], page_prototype[p, i]
#	page_of[function]
#	types, type_name[t], heading_of[type], kind_of[type] ("struct", "enum", "function", "plain"), body_of[type], comment_of[type]
#	constants, constant_name[c], value_of[constant], comment_of[constant]
#	initialiser_of[type]
#
# Texts keep their lines.  What breaks the form is complained about, and the exit status is 1.

function complain(line, words)
{
	print FILENAME ":" line ": " words > "/dev/stderr"
	complaints++
}

# is_word(text, at, length): no letter, digit or _ touches it.
function is_word(text, at, length_,    before, after)
{
	before = at > 1 ? substr(text, at - 1, 1) : " "
	after = substr(text, at + length_, 1)
	return before !~ /[A-Za-z0-9_]/ && after !~ /[A-Za-z0-9_]/
}

function has_word(text, word,    from, at)
{
	for (from = 1; (at = index(substr(text, from), word)) > 0; from += at)
		if (is_word(text, from + at - 1, length(word)))
			return 1
	return 0
}

function trim(text)
{
	sub(/^[ \t\n]+/, "", text)
	sub(/[ \t\n]+$/, "", text)
	return text
}

# One line of a comment without what frames it.
function bare(line)
{
	sub(/^ ?\/?\*+ ?/, "", line)
	sub(/ *\*\/$/, "", line)
	sub(/[ \t]+$/, "", line)
	# A tab behind the star begins an example; the blank before it has gone with the star or was none.
	return line
}

function begin_comment(line)
{
	comment = ""
	comment_line = FNR
	is_banner = line ~ /^\/\* ----/
	in_comment = 1
	if (is_banner || line ~ /^\/\*$/)
		line = ""
	add_to_comment(line)
}

function add_to_comment(line)
{
	if (line ~ /\*\/$/)
		in_comment = 0
	if (line ~ /^ \*\/$/)
		line = ""
	comment = comment bare(line) "\n"
	if (!in_comment)
		end_comment()
}

function end_comment()
{
	sub(/^\n+/, "", comment)
	sub(/\n+$/, "", comment)
	if (is_banner)
		begin_section()
	else if (comment ~ /^quiesce\.h - /)
		overview = comment
	else if (comment ~ /^qs_[a-z_0-9]+(, qs_[a-z_0-9]+)* - /)
		begin_page()
}

function begin_section(    end)
{
	end = index(comment "\n", "\n")
	sections++
	section_title[sections] = substr(comment, 1, end - 1)
	section_text[sections] = trim(substr(comment, end + 1))
	# trim() takes the tab of an example that comes first.
	if (substr(comment, end + 1) ~ /^\n*\t/)
		section_text[sections] = "\t" section_text[sections]
	comment = ""
}

function begin_page()
{
	pages++
	page_line[pages] = comment_line
	page_section[pages] = sections
	page_text[pages] = comment
	page_functions[pages] = 0
	in_page = 1
}

function end_block()
{
	if (in_page && !page_functions[pages])
		complain(page_line[pages], "a function's comment without a function")
	else if (comment != "" && !in_page && !is_used && comment !~ /^(SPDX|quiesce\.h - )/)
		complain(comment_line, "a comment that stands above nothing")
	comment = ""
	is_used = 0
	in_page = 0
}

function add_function(prototype,    name)
{
	sub(/^QS_API /, "", prototype)
	sub(/ QS_PRINTF\([0-9, ]*\)/, "", prototype)
	gsub(/[ \t\n]+/, " ", prototype)
	name = prototype
	sub(/\(.*/, "", name)
	sub(/.*[ *]/, "", name)
	if (!in_page) {
		complain(FNR, name ": has no comment that begins with its name")
		return
	}
	page_functions[pages]++
	page_function[pages, page_functions[pages]] = name
	page_prototype[pages, page_functions[pages]] = prototype
	page_of[name] = pages
}

function add_type(name, kind, body)
{
	types++
	type_name[types] = name
	kind_of[name] = kind
	body_of[name] = body
	heading_of[name] = declared ~ /^(enum|struct) / ? kind " " name : name
	comment_of[name] = comment
	is_used = 1
}

function take_declaration(text,    name)
{
	if (text ~ /^QS_API /) {
		add_function(text)
	} else if (text ~ /^typedef (struct|enum) [a-z_0-9]+ [a-z_0-9]+;$/) {
		is_used = 1	# opaque: there is nothing to show
	} else if (text ~ /^(typedef )?(struct|enum) [a-z_0-9]+ [{]/) {
		name = text
		sub(/ [{].*/, "", name)
		sub(/.* /, "", name)
		sub(/^[^{]*[{]/, "", text)
		sub(/[}][^}]*$/, "", text)
		add_type(name, declared ~ /^(typedef )?enum/ ? "enum" : "struct", text)
	} else if (text ~ /^typedef .*\);$/) {
		name = text
		sub(/\(.*/, "", name)
		sub(/.*[ *]/, "", name)
		add_type(name, "function", text)
	} else if (text ~ /^typedef /) {
		name = text
		sub(/;$/, "", name)
		sub(/.* /, "", name)
		add_type(name, "plain", text)
	}
}

# #define NAME VALUE, with the comment beside it.
function take_macro(line,    name, value, beside, at)
{
	sub(/^#define /, "", line)
	name = line
	sub(/[^A-Za-z0-9_].*/, "", name)
	value = substr(line, length(name) + 1)
	if (name !~ /^QS_/ || value ~ /^\(/ || trim(value) == "" || value ~ /__attribute__/)
		return
	if (name ~ /_INIT$/) {
		value = substr(value, index(value, "(") + 1)
		sub(/[),].*/, "", value)
		initialiser_of[value] = name
		return
	}
	if ((at = index(value, "/*")) > 0) {
		beside = trim(substr(value, at + 2))
		sub(/ *\*\/$/, "", beside)
		value = substr(value, 1, at - 1)
	} else if (comment != "") {
		beside = comment
		is_used = 1
	}
	constants++
	constant_name[constants] = name
	value_of[name] = trim(value)
	comment_of[name] = beside
}

in_comment { add_to_comment($0); next }

# Of a struct, an enum or a prototype, to the end of it.
declared != "" {
	declared = declared "\n" $0
	if ($0 ~ /((^[}].*|\));)$/ || (declared !~ /[{]/ && $0 ~ /;$/)) {
		text = declared
		take_declaration(text)
		declared = ""
	}
	next
}

/^\/\*/ { begin_comment($0); next }
/^$/ { end_block(); next }
/^#define / { take_macro($0); next }
/^(QS_API|typedef|enum|struct) / {
	declared = $0
	if ($0 ~ /;$/) {
		take_declaration($0)
		declared = ""
	}
}
