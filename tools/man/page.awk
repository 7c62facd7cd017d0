# SPDX-License-Identifier: MIT
#
# page.awk - writes a page per comment of quiesce.h that header.awk has read, and a link for each further function of it.
#
#	-v folder=man3 -v version=0.1.0 -v date=2026-11-21
#
# What a comment lacks is complained about: a return value that is not told, a parameter, one of the four of the last line, a code
# without words.

function put_name(    i, names, briefs)
{
	names = briefs = ""
	for (i = 1; i <= entry_count; i++) {
		names = names (i > 1 ? ", " : "") entry_names[i]
		briefs = briefs (i > 1 ? "; " : "") entry_brief[i]
	}
	put(".SH NAME")
	put(names " \\- " marked_minus(escaped(replace_all(briefs, "()", ""))))
}

function put_synopsis(    i)
{
	put(".SH SYNOPSIS")
	put(".nf")
	put(bold("#include <quiesce.h>"))
	put(".PP")
	for (i = 1; i <= page_functions[page]; i++)
		put_prototype(page_prototype[page, i], "")
	put(".fi")
}

function put_entries(    i, names)
{
	if (entry_count == 1) {
		put_prose(entry_text[1])
		return
	}
	for (i = 1; i <= entry_count; i++) {
		names = entry_names[i]
		gsub(/, /, "(), ", names)
		put_item(marked_names(names "()"), entry_text[i])
	}
}

# Keeps the examples in C aside; the rest goes where it stands.
function put_description(first,    i, is_first)
{
	is_first = first == 1
	for (i = first; i <= text_count; i++) {
		if (texts[i] ~ /^\n/ && is_code(texts[i])) {
			examples[++example_count] = substr(texts[i], 2)
			continue
		}
		if (!is_first && !is_table(substr(texts[i], 2)))
			put(".PP")
		is_first = 0
		put_text(texts[i])
	}
}

function put_parameters(    i)
{
	if (parameter_count == 0)
		return
	put(".SS Parameters")
	for (i = 1; i <= parameter_count; i++)
		put_item("\\fI" replace_all(parameter_names[i], ", ", "\\fP, \\fI") "\\fP", as_sentence(parameter_text[i]))
}

# What holds for all functions of the section.
function put_section(    s)
{
	s = page_section[page]
	if (section_text[s] == "")
		return
	take_apart(section_text[s])
	put(".SS " section_title[s])
	put_description(1)
	take_apart(page_text[page])	# for what follows
}

function put_returns()
{
	if (returns == "")
		return
	put(".SH RETURN VALUE")
	if (success != "")
		put_prose("Returns " success ".")
	if (code_count)
		put_prose(success == "" ? "A negative code on failure." : "On failure, a negative code.")
	if (further != "")
		put_prose(further)
}

# The case of this function, or the table's words; both, if the case is a further one or tells which object it is.
function words_for(i,    general)
{
	general = words_of[code[i]]
	if (case_of[i] ~ /^or /)
		return general ", " case_of[i]
	if (case_of[i] != "" && code[i] == "-QS_EFORKED")
		return general ": " case_of[i]
	return case_of[i] != "" ? case_of[i] : general
}

function put_errors(    i, words)
{
	if (code_count == 0)
		return
	put(".SH ERRORS")
	for (i = 1; i <= code_count; i++) {
		words = words_for(i)
		if (words == "")
			complain(page_line[page], title ": no words for " code[i])
		put_item(bold(replace_all(code[i], "-", "\\-")), as_sentence(words))
	}
}

function put_notes(    i)
{
	put(".SH NOTES")
	put("Which threads may call it; whether it waits;")
	put("whether a signal handler may call it; and what it does in a child made by")
	put(".BR fork (2),")
	put("on an object that was made before the fork:")
	for (i = 1; i <= 4; i++)
		put_item(bold(heading[i]), as_sentence(note[i]))
}

function put_examples(    i)
{
	if (example_count == 0)
		return
	put(example_count > 1 ? ".SH EXAMPLES" : ".SH EXAMPLE")
	for (i = 1; i <= example_count; i++) {
		if (i > 1)
			put(".PP")
		put_block(examples[i])
	}
}

function put_see_also(    p)
{
	put(".SH SEE ALSO")
	for (p = 1; p <= pages; p++)
		if (p != page && (p in refers || page_section[p] == page_section[page]))
			put(".BR " page_function[p, 1] " (3),")
	put(".BR quiesce (3)")
}

# ------------------------------------------------------------------------------------------------------------- checks

# The parameters that have no line: only the object itself, which comes first, is understood.
function check_parameters(prototype, function_name,    open, arguments, count, i, name, told)
{
	told = ","
	for (i = 1; i <= parameter_count; i++)
		told = told replace_all(parameter_names[i], " ", "") ","
	sub(/\);$/, "", prototype)
	open = index(prototype, "(")
	count = split(substr(prototype, open + 1), arguments, ", ")
	for (i = 1; i <= count; i++) {
		name = arguments[i]
		if (name == "void" || name == "...")
			continue
		sub(/.*[ *]/, "", name)
		is_parameter[name] = 1
		if (index(told, "," name ",") || (i == 1 && is_the_object(arguments[i], function_name)))
			continue
		complain(page_line[page], function_name ": nothing is said of its parameter " name)
	}
}

# "qs_pool *pool" in qs_pool_join: what the call is about.
function is_the_object(argument, function_name,    type)
{
	type = argument
	sub(/^const /, "", type)
	return type ~ /^qs_[a-z_]+ \*[a-z]+$/ && index(function_name, substr(type, 1, index(type, " ") - 1)) == 1
}

function check_names(    i, names, told)
{
	names = told = ""
	for (i = 1; i <= page_functions[page]; i++)
		names = names (i > 1 ? ", " : "") page_function[page, i]
	for (i = 1; i <= entry_count; i++)
		told = told (i > 1 ? ", " : "") entry_names[i]
	if (names != told)
		complain(page_line[page], "the comment tells of " told ", the prototypes are of " names)
}

function check_returns(    i, is_void)
{
	is_void = 1
	for (i = 1; i <= page_functions[page]; i++)
		if (page_prototype[page, i] !~ /^void [^*]/)
			is_void = 0
	if (!is_void && returns == "")
		complain(page_line[page], title ": does not say what it returns")
	if (is_void && returns != "")
		complain(page_line[page], title ": returns nothing, and says what")
}

function check_page(    i)
{
	check_names()
	check_returns()
	for (i = 1; i <= page_functions[page]; i++)
		check_parameters(page_prototype[page, i], page_function[page, i])
}

# -------------------------------------------------------------------------------------------------------------- pages

function write_links(    i)
{
	for (i = 2; i <= page_functions[page]; i++) {
		file = folder "/" page_function[page, i] ".3"
		put(".so man3/" title ".3")
		close(file)
	}
}

function read_page(    i)
{
	title = page_function[page, 1]
	prototypes = ""
	for (i = 1; i <= page_functions[page]; i++)
		prototypes = prototypes page_prototype[page, i] "\n"
	split("", refers)
	split("", is_parameter)
	example_count = 0
	take_apart(page_text[page])
	take_entries(texts[1])
	take_returns()
	has_notes = split_notes()
	if (has_notes)
		take_fork_code()
	check_page()
}

function write_page()
{
	file = folder "/" title ".3"
	put(".\\\" Made from include/quiesce.h; a change belongs there.")
	put(".TH " title " 3 \"" date "\" \"quiesce " version "\" \"quiesce manual\"")
	put(".ad l")	# blanks that fill a line up, and words cut in two,
	put(".nh")	# are no help where names are long
	put_name()
	put_synopsis()
	put(".SH DESCRIPTION")
	put_entries()
	put_description(2)
	put_parameters()
	put_section()
	put_returns()
	put_errors()
	choose_types(prototypes, page_text[page] section_text[page_section[page]])
	put_types()
	if (has_notes)
		put_notes()
	put_examples()
	put_see_also()
	close(file)
}

END {
	end_block()
	WIDTH = 72	# of 80: a page is indented by 7
	split("Threads Waits Handlers Fork", heading, " ")
	read_errors()
	for (page = 1; page <= pages; page++)
		if (page_functions[page]) {
			read_page()
			write_page()
			write_links()
		}
	exit (complaints > 0)
}
