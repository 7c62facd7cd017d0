# SPDX-License-Identifier: MIT
#
# types.awk - the types and constants that a page shows: those of its prototypes, and what these are made of.

# The fields of a struct or an enum: field[1..n], field_text[1..n].
function fields(type,    body, n, at, text, separator)
{
	n = 0
	body = body_of[type]
	gsub(/ *[\t\n][ \t\n]*/, " ", body)
	separator = kind_of[type] == "enum" ? "," : ";"
	while ((at = index(body, separator)) > 0) {
		field[++n] = trim(substr(body, 1, at - 1))
		body = trim(substr(body, at + 1))
		text = ""
		if (substr(body, 1, 2) == "/*") {
			at = index(body, "*/")
			text = trim(substr(body, 3, at - 3))
			body = substr(body, at + 2)
		}
		field_text[n] = text
	}
	return n
}

# Is it named in what is shown, in full or as QS_PART_...?
function is_mentioned(name,    part)
{
	if (has_word(shown, name))
		return 1
	for (part = name; sub(/_[A-Z0-9]*$/, "", part) && part ~ /_/;)
		if (index(shown, part "_..."))
			return 1
	return 0
}

function mentions_type(text, type)
{
	return has_word(text, "enum " type) || has_word(text, "struct " type)
}

# Which types a page shows: those of its prototypes, those that it calls by "enum" or "struct", and those of their fields.
function choose_types(prototypes, text,    t, type, is_more)
{
	split("", is_shown)
	shown = text prototypes
	do {
		is_more = 0
		for (t = 1; t <= types; t++) {
			type = type_name[t]
			if (type in is_shown || !(has_word(prototypes, type) || mentions_type(shown, type)))
				continue
			is_shown[type] = is_more = 1
			prototypes = prototypes "\n" without_comments(body_of[type])
			shown = shown "\n" body_of[type] "\n" comment_of[type]
		}
	} while (is_more)
}

function without_comments(text,    at, end, done)
{
	done = ""
	while ((at = index(text, "/*")) > 0) {
		done = done substr(text, 1, at - 1)
		text = substr(text, at)
		end = index(text, "*/")
		text = substr(text, end + 2)
	}
	return done text
}

function put_constant(name,    value)
{
	value = value_of[name]
	sub(/u$/, "", value)
	gsub(/^\(|\)$/, "", value)
	put_item(bold(name) (value ~ /^-?[0-9]+$/ ? " (" verbatim(value) ")" : ""), as_sentence(comment_of[name]))
	is_put[name] = 1
}

function put_fields(type,    n, i, name, value)
{
	n = fields(type)
	for (i = 1; i <= n; i++) {
		name = field[i]
		value = ""
		if (kind_of[type] == "enum" && sub(/ = /, "=", name)) {
			value = " (" substr(name, index(name, "=") + 1) ")"
			sub(/=.*/, "", name)
		}
		if (name == "uint32_t size" && field_text[i] == "")
			field_text[i] = "set by " initialiser_of[type]
		if (field_text[i] == "")
			complain(page_line[page], type ": " name " has no words beside it")
		put_item(bold(verbatim(name)) value, as_sentence(field_text[i]))
	}
}

function put_texts(    i)
{
	for (i = 1; i <= text_count; i++) {
		if (i > 1)
			put(".PP")
		put_text(texts[i])
	}
}

function put_type(type,    c, name)
{
	put(".SS " heading_of[type])
	if (kind_of[type] == "function" || kind_of[type] == "plain") {
		put(".nf")
		put_prototype(body_of[type], "typedef ")
		put(".fi")
		if (comment_of[type] != "")
			put(".PP")
	}
	take_apart(comment_of[type])
	put_texts()
	if (kind_of[type] == "struct" || kind_of[type] == "enum")
		put_fields(type)
	for (c = 1; c <= constants; c++) {
		name = constant_name[c]
		if (has_word(value_of[name], type))
			put_constant(name)
	}
}

function put_types(    t, c, is_first, name)
{
	split("", is_put)
	is_first = 1
	for (t = 1; t <= types; t++) {
		if (!(type_name[t] in is_shown))
			continue
		if (is_first)
			put(".SH TYPES")
		is_first = 0
		put_type(type_name[t])
	}
	is_first = 1
	for (c = 1; c <= constants; c++) {
		name = constant_name[c]
		if (name in is_put || value_of[name] ~ /qs_/ || !is_mentioned(name))
			continue
		if (is_first)
			put(".SH CONSTANTS")
		is_first = 0
		put_constant(name)
	}
}

# The table of the section Errors, "\tEINVAL\t\twords", and the enum of our own codes: words_of[code].
function read_errors(    s, lines, count, i)
{
	for (s = 1; s <= sections; s++)
		if (section_title[s] == "Errors")
			break
	count = split(section_text[s], lines, "\n")
	for (i = 1; i <= count; i++)
		if (match(lines[i], /^\tE[A-Z0-9]+\t+/))
			words_of["-" trim(substr(lines[i], 1, RLENGTH))] = substr(lines[i], RLENGTH + 1)
	count = fields("qs_error")
	for (i = 1; i <= count; i++) {
		sub(/ .*/, "", field[i])
		words_of["-" field[i]] = field_text[i]
	}
}
