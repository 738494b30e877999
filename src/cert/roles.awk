# SPDX-License-Identifier: EUPL-1.2
# Make the C table of role codes from roles.txt.
BEGIN {
	print "/* Made from roles.txt by roles.awk. */"
	print "#include \"cert/roles.h\"\n"
	print "const struct role role_table[] = {"
}
/^#/ || /^$/ { next }
$1 !~ /^[0-9][0-9]\.[0-9][0-9][0-9]$/ || NF < 2 || /["\\]/ {
	print FILENAME ":" FNR ": expected NN.SSS and a name" > "/dev/stderr"
	bad = 1
	exit 1
}
$1 in seen {
	print FILENAME ":" FNR ": " $1 " occurs twice" > "/dev/stderr"
	bad = 1
	exit 1
}
{
	seen[$1] = 1
	name = $0
	sub(/^[^ ]+ +/, "", name)
	printf "\t{ \"%s\", \"%s\" },\n", $1, name
}
END {
	if (bad)
		exit 1
	print "};"
	print "const size_t role_table_n = sizeof(role_table) / sizeof(role_table[0]);"
}
