# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_haul_global_optspecs
    string join \n config= h/help V/version
end

function __fish_haul_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_haul_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_haul_using_subcommand
    set -l cmd (__fish_haul_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c haul -n "__fish_haul_needs_command" -l config -d 'Read this configuration file in place of the usual one' -r -F
complete -c haul -n "__fish_haul_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c haul -n "__fish_haul_needs_command" -s V -l version -d 'Print version'
complete -c haul -n "__fish_haul_needs_command" -a "copy" -d 'Copy files and directories without a screen'
complete -c haul -n "__fish_haul_needs_command" -a "apply" -d 'Copy or move what a JSON batch lists, as one job'
complete -c haul -n "__fish_haul_needs_command" -a "doctor" -d 'Say what the kernel and the file systems offer here, and what auto would choose'
complete -c haul -n "__fish_haul_needs_command" -a "bench" -d 'Measure what copying costs here, and compare with other programs'
complete -c haul -n "__fish_haul_needs_command" -a "keys" -d 'List the keys of the interactive program'
complete -c haul -n "__fish_haul_needs_command" -a "config" -d 'Show the configuration in force and where each value comes from'
complete -c haul -n "__fish_haul_needs_command" -a "completions" -d 'Print a completion script'
complete -c haul -n "__fish_haul_needs_command" -a "man" -d 'Print the manual page'
complete -c haul -n "__fish_haul_needs_command" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c haul -n "__fish_haul_using_subcommand copy" -s t -l target-directory -d 'Copy everything into this directory, which must exist' -r -f -a "(__fish_complete_directories)"
complete -c haul -n "__fish_haul_using_subcommand copy" -l strategy -d 'How bytes are moved' -r -f -a "auto\t''
baseline\t''
buffered\t''
sendfile\t''
copy-file-range\t''
reflink\t''
io-uring\t''
direct\t''
parallel\t''"
complete -c haul -n "__fish_haul_using_subcommand copy" -s j -l file-workers -d 'Files in flight at a time, or auto' -r
complete -c haul -n "__fish_haul_using_subcommand copy" -l chunk-workers -d 'Ranges of one large file in flight at a time, or auto' -r
complete -c haul -n "__fish_haul_using_subcommand copy" -l chunk-size -d 'Size of one range of a large file (64MiB), or auto' -r
complete -c haul -n "__fish_haul_using_subcommand copy" -l buffer-size -d 'Size of one buffer (1MiB), 4KiB to 1GiB, or auto' -r
complete -c haul -n "__fish_haul_using_subcommand copy" -l buffer-budget -d 'All buffers together (64MiB), or auto; buffers are made smaller to fit' -r
complete -c haul -n "__fish_haul_using_subcommand copy" -l parallel-min-size -d 'Size from which a file is copied in ranges (128MiB), or auto' -r
complete -c haul -n "__fish_haul_using_subcommand copy" -l conflict -d 'What happens to an existing name with other content' -r -f -a "refuse\t''
skip\t''
overwrite\t''
newer\t''
rename\t''"
complete -c haul -n "__fish_haul_using_subcommand copy" -l sync -d 'What must be on the device at the end' -r -f -a "none\t''
job\t''
file\t''"
complete -c haul -n "__fish_haul_using_subcommand copy" -l preserve -d 'Keep these too: mode, owner, times, xattr, acl, links, all; taken in order with --no-preserve' -r
complete -c haul -n "__fish_haul_using_subcommand copy" -l no-preserve -d 'Do not keep these; everything is kept by default' -r
complete -c haul -n "__fish_haul_using_subcommand copy" -l sparse -d 'What becomes of holes: kept, made of zeros too, filled' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haul -n "__fish_haul_using_subcommand copy" -l exclude -d 'Leave out what matches, a directory with all that is in it; may be given again (HAUL_EXCLUDE separates several with colons)' -r
complete -c haul -n "__fish_haul_using_subcommand copy" -l include -d 'Keep what matches although --exclude says otherwise; what is in a directory left out is not reached (\'*/\' keeps all directories); may be given again (HAUL_INCLUDE separates several with colons)' -r
complete -c haul -n "__fish_haul_using_subcommand copy" -l limit -d 'Bytes per second at most (20MiB), or none' -r
complete -c haul -n "__fish_haul_using_subcommand copy" -l retries -d 'Times a file is begun again after trouble that may pass' -r
complete -c haul -n "__fish_haul_using_subcommand copy" -l progress -d 'How progress is shown, on standard error' -r -f -a "auto\t'A bar on a terminal, lines elsewhere once it takes longer than 5 seconds'
bar\t'A bar'
plain\t'A line every 5 seconds'
none\t'Nothing'"
complete -c haul -n "__fish_haul_using_subcommand copy" -l config -d 'Read this configuration file in place of the usual one' -r -F
complete -c haul -n "__fish_haul_using_subcommand copy" -s T -l no-target-directory -d 'Take DEST as the new name, never as a directory to copy into'
complete -c haul -n "__fish_haul_using_subcommand copy" -s L -l dereference -d 'Copy what links point to in place of the links'
complete -c haul -n "__fish_haul_using_subcommand copy" -s x -l one-file-system -d 'Leave out what is on another file system than the source'
complete -c haul -n "__fish_haul_using_subcommand copy" -l exclude-vcs -d 'Leave out version control\'s own data (.git, .hg, .svn and kin)'
complete -c haul -n "__fish_haul_using_subcommand copy" -l wait-for-space -d 'Wait when the destination has no room, and go on when it has some'
complete -c haul -n "__fish_haul_using_subcommand copy" -s n -l dry-run -d 'Only say what would be done'
complete -c haul -n "__fish_haul_using_subcommand copy" -l json -d 'Print updates on standard output, one JSON object a line, the summary last'
complete -c haul -n "__fish_haul_using_subcommand copy" -s q -l quiet -d 'Print errors only'
complete -c haul -n "__fish_haul_using_subcommand copy" -s v -l verbose -d 'Say what moved the bytes, and why'
complete -c haul -n "__fish_haul_using_subcommand copy" -s h -l help -d 'Print help'
complete -c haul -n "__fish_haul_using_subcommand apply" -l max-workers -d 'Threads that move bytes, whole files and ranges together, at most, or auto' -r
complete -c haul -n "__fish_haul_using_subcommand apply" -l strategy -d 'How bytes are moved' -r -f -a "auto\t''
baseline\t''
buffered\t''
sendfile\t''
copy-file-range\t''
reflink\t''
io-uring\t''
direct\t''
parallel\t''"
complete -c haul -n "__fish_haul_using_subcommand apply" -s j -l file-workers -d 'Files in flight at a time, or auto' -r
complete -c haul -n "__fish_haul_using_subcommand apply" -l chunk-workers -d 'Ranges of one large file in flight at a time, or auto' -r
complete -c haul -n "__fish_haul_using_subcommand apply" -l chunk-size -d 'Size of one range of a large file (64MiB), or auto' -r
complete -c haul -n "__fish_haul_using_subcommand apply" -l buffer-size -d 'Size of one buffer (1MiB), 4KiB to 1GiB, or auto' -r
complete -c haul -n "__fish_haul_using_subcommand apply" -l buffer-budget -d 'All buffers together (64MiB), or auto; buffers are made smaller to fit' -r
complete -c haul -n "__fish_haul_using_subcommand apply" -l parallel-min-size -d 'Size from which a file is copied in ranges (128MiB), or auto' -r
complete -c haul -n "__fish_haul_using_subcommand apply" -l conflict -d 'What happens to an existing name with other content' -r -f -a "refuse\t''
skip\t''
overwrite\t''
newer\t''
rename\t''"
complete -c haul -n "__fish_haul_using_subcommand apply" -l sync -d 'What must be on the device at the end' -r -f -a "none\t''
job\t''
file\t''"
complete -c haul -n "__fish_haul_using_subcommand apply" -l preserve -d 'Keep these too: mode, owner, times, xattr, acl, links, all; taken in order with --no-preserve' -r
complete -c haul -n "__fish_haul_using_subcommand apply" -l no-preserve -d 'Do not keep these; everything is kept by default' -r
complete -c haul -n "__fish_haul_using_subcommand apply" -l sparse -d 'What becomes of holes: kept, made of zeros too, filled' -r -f -a "auto\t''
always\t''
never\t''"
complete -c haul -n "__fish_haul_using_subcommand apply" -l exclude -d 'Leave out what matches, a directory with all that is in it; may be given again (HAUL_EXCLUDE separates several with colons)' -r
complete -c haul -n "__fish_haul_using_subcommand apply" -l include -d 'Keep what matches although --exclude says otherwise; what is in a directory left out is not reached (\'*/\' keeps all directories); may be given again (HAUL_INCLUDE separates several with colons)' -r
complete -c haul -n "__fish_haul_using_subcommand apply" -l limit -d 'Bytes per second at most (20MiB), or none' -r
complete -c haul -n "__fish_haul_using_subcommand apply" -l retries -d 'Times a file is begun again after trouble that may pass' -r
complete -c haul -n "__fish_haul_using_subcommand apply" -l progress -d 'How progress is shown, on standard error' -r -f -a "auto\t'A bar on a terminal, lines elsewhere once it takes longer than 5 seconds'
bar\t'A bar'
plain\t'A line every 5 seconds'
none\t'Nothing'"
complete -c haul -n "__fish_haul_using_subcommand apply" -l config -d 'Read this configuration file in place of the usual one' -r -F
complete -c haul -n "__fish_haul_using_subcommand apply" -s L -l dereference -d 'Copy what links point to in place of the links'
complete -c haul -n "__fish_haul_using_subcommand apply" -s x -l one-file-system -d 'Leave out what is on another file system than the source'
complete -c haul -n "__fish_haul_using_subcommand apply" -l exclude-vcs -d 'Leave out version control\'s own data (.git, .hg, .svn and kin)'
complete -c haul -n "__fish_haul_using_subcommand apply" -l wait-for-space -d 'Wait when the destination has no room, and go on when it has some'
complete -c haul -n "__fish_haul_using_subcommand apply" -s n -l dry-run -d 'Only say what would be done'
complete -c haul -n "__fish_haul_using_subcommand apply" -l json -d 'Print updates on standard output, one JSON object a line, the summary last'
complete -c haul -n "__fish_haul_using_subcommand apply" -s q -l quiet -d 'Print errors only'
complete -c haul -n "__fish_haul_using_subcommand apply" -s v -l verbose -d 'Say what moved the bytes, and why'
complete -c haul -n "__fish_haul_using_subcommand apply" -s h -l help -d 'Print help'
complete -c haul -n "__fish_haul_using_subcommand doctor" -l config -d 'Read this configuration file in place of the usual one' -r -F
complete -c haul -n "__fish_haul_using_subcommand doctor" -l json -d 'Print one JSON object'
complete -c haul -n "__fish_haul_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c haul -n "__fish_haul_using_subcommand bench" -l to -d 'Make the copies in this directory; by default where temporary files go' -r -f -a "(__fish_complete_directories)"
complete -c haul -n "__fish_haul_using_subcommand bench" -l from -d 'Make the trees in this directory; by default where the copies go' -r -f -a "(__fish_complete_directories)"
complete -c haul -n "__fish_haul_using_subcommand bench" -l size -d 'How large the trees are' -r -f -a "tiny\t''
small\t''
full\t''"
complete -c haul -n "__fish_haul_using_subcommand bench" -l shape -d 'Trees of these shapes only; several with commas' -r -f -a "small-files\t''
flat\t''
frames\t''
light-frames\t''
large\t''
sparse\t''"
complete -c haul -n "__fish_haul_using_subcommand bench" -l rounds -d 'Measured runs of each; 5, of tiny trees 1' -r
complete -c haul -n "__fish_haul_using_subcommand bench" -l warm-up -d 'Runs of each before that, which do not count; 1, of tiny trees 0' -r
complete -c haul -n "__fish_haul_using_subcommand bench" -l cache -d 'What is in memory when a run begins: the source, none of its content, nothing (root only)' -r -f -a "hot\t''
cold\t''
dropped\t''"
complete -c haul -n "__fish_haul_using_subcommand bench" -l against -d 'Compare with these programs only; several with commas, none for none' -r
complete -c haul -n "__fish_haul_using_subcommand bench" -l seed -d 'Trees of one seed are the same' -r
complete -c haul -n "__fish_haul_using_subcommand bench" -l json -d 'Write the results here' -r -F
complete -c haul -n "__fish_haul_using_subcommand bench" -l report -d 'Write a page with charts here' -r -F
complete -c haul -n "__fish_haul_using_subcommand bench" -l markdown -d 'Write a document here, and its charts into the directory that --charts names' -r -F
complete -c haul -n "__fish_haul_using_subcommand bench" -l charts -d 'With --markdown: where the charts go' -r -f -a "(__fish_complete_directories)"
complete -c haul -n "__fish_haul_using_subcommand bench" -l baseline -d 'Compare with results measured before' -r -F
complete -c haul -n "__fish_haul_using_subcommand bench" -l worse-than -d 'With --baseline: how much worse a median may be' -r
complete -c haul -n "__fish_haul_using_subcommand bench" -l config -d 'Read this configuration file in place of the usual one' -r -F
complete -c haul -n "__fish_haul_using_subcommand bench" -l durable -d 'Measure until everything is on the device'
complete -c haul -n "__fish_haul_using_subcommand bench" -l save -d 'Keep what is clearly best in the configuration, as a route that auto begins with'
complete -c haul -n "__fish_haul_using_subcommand bench" -s q -l quiet -d 'Print errors only'
complete -c haul -n "__fish_haul_using_subcommand bench" -s h -l help -d 'Print help'
complete -c haul -n "__fish_haul_using_subcommand keys" -l config -d 'Read this configuration file in place of the usual one' -r -F
complete -c haul -n "__fish_haul_using_subcommand keys" -s h -l help -d 'Print help'
complete -c haul -n "__fish_haul_using_subcommand config" -l config -d 'Read this configuration file in place of the usual one' -r -F
complete -c haul -n "__fish_haul_using_subcommand config" -l default -d 'Print a file with every setting and its default'
complete -c haul -n "__fish_haul_using_subcommand config" -l path -d 'Print where the file is looked for'
complete -c haul -n "__fish_haul_using_subcommand config" -s h -l help -d 'Print help'
complete -c haul -n "__fish_haul_using_subcommand completions" -l config -d 'Read this configuration file in place of the usual one' -r -F
complete -c haul -n "__fish_haul_using_subcommand completions" -s h -l help -d 'Print help'
complete -c haul -n "__fish_haul_using_subcommand man" -l config -d 'Read this configuration file in place of the usual one' -r -F
complete -c haul -n "__fish_haul_using_subcommand man" -s h -l help -d 'Print help'
complete -c haul -n "__fish_haul_using_subcommand help; and not __fish_seen_subcommand_from copy apply doctor bench keys config completions man help" -f -a "copy" -d 'Copy files and directories without a screen'
complete -c haul -n "__fish_haul_using_subcommand help; and not __fish_seen_subcommand_from copy apply doctor bench keys config completions man help" -f -a "apply" -d 'Copy or move what a JSON batch lists, as one job'
complete -c haul -n "__fish_haul_using_subcommand help; and not __fish_seen_subcommand_from copy apply doctor bench keys config completions man help" -f -a "doctor" -d 'Say what the kernel and the file systems offer here, and what auto would choose'
complete -c haul -n "__fish_haul_using_subcommand help; and not __fish_seen_subcommand_from copy apply doctor bench keys config completions man help" -f -a "bench" -d 'Measure what copying costs here, and compare with other programs'
complete -c haul -n "__fish_haul_using_subcommand help; and not __fish_seen_subcommand_from copy apply doctor bench keys config completions man help" -f -a "keys" -d 'List the keys of the interactive program'
complete -c haul -n "__fish_haul_using_subcommand help; and not __fish_seen_subcommand_from copy apply doctor bench keys config completions man help" -f -a "config" -d 'Show the configuration in force and where each value comes from'
complete -c haul -n "__fish_haul_using_subcommand help; and not __fish_seen_subcommand_from copy apply doctor bench keys config completions man help" -f -a "completions" -d 'Print a completion script'
complete -c haul -n "__fish_haul_using_subcommand help; and not __fish_seen_subcommand_from copy apply doctor bench keys config completions man help" -f -a "man" -d 'Print the manual page'
complete -c haul -n "__fish_haul_using_subcommand help; and not __fish_seen_subcommand_from copy apply doctor bench keys config completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
