# fish completion for fax-autorecv(1)
complete -c fax-autorecv -f
complete -c fax-autorecv -l user -x -d 'only this user'
complete -c fax-autorecv -l sent -d 'as after sending'
complete -c fax-autorecv -l dry-run -d 'say what would be done'
complete -c fax-autorecv -l json -d 'an object a line'
complete -c fax-autorecv -l password-fd -x -d 'read the password from descriptor N'
complete -c fax-autorecv -l config -r -d 'read settings from FILE'
complete -c fax-autorecv -s q -l quiet -d 'no warnings'
complete -c fax-autorecv -s v -l verbose -d 'say what is done'
complete -c fax-autorecv -l help -d 'show help'
complete -c fax-autorecv -l usage -d 'show a short form of it'
complete -c fax-autorecv -l version -d 'show the version'
