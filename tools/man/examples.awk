# SPDX-License-Identifier: MIT
#
# examples.awk - the examples in C of the comments that header.awk has read, each into a file of its own.
#
#	-v folder=FOLDER	FOLDER/header-1.c, ...

function take_examples(text,    i, file)
{
	take_apart(text)
	for (i = 1; i <= text_count; i++) {
		if (texts[i] !~ /^\n/ || !is_code(texts[i]))
			continue
		taken++
		file = folder "/header-" taken ".c"
		print substr(texts[i], 2) > file
		close(file)
	}
}

END {
	take_examples(overview)
	for (s = 1; s <= sections; s++)
		take_examples(section_text[s])
	for (p = 1; p <= pages; p++)
		take_examples(page_text[p])
	for (t = 1; t <= types; t++)
		take_examples(comment_of[type_name[t]])
}
