import { Argument, type Command, Option } from 'commander'

/** Adds `tidings users …`. */
export function addUsersCommand(program: Command): void {
  const users = program.command('users').description('the accounts of the blog')
  const load = () => import('../users/users-actions.ts')
  const role = () => new Option('--role <role>', 'what they may do').choices(['member', 'staff'])

  users
    .command('add [name]')
    .description(
      'make an account; the password is asked for, or is the first line of standard input. Without a name, standard input has a line for each account: name, a tab or a colon, password',
    )
    .addOption(role().default('member'))
    .action(async (name, options) => (await load()).addUsers(name, options))
  users
    .command('passwd [name]')
    .description(
      'give somebody another password, which logs them out everywhere; from standard input, as for add',
    )
    .action(async name => (await load()).setPasswords(name))
  users
    .command('role <name>')
    .addArgument(new Argument('<role>').choices(['member', 'staff']))
    .description('make somebody member or staff')
    .action(async (name, role) => (await load()).setRole(name, role))
  users
    .command('disable <name...>')
    .description('log people out and let them in no more')
    .action(async names => (await load()).disableUsers(names))
  users
    .command('enable <name...>')
    .description('let people in again')
    .action(async names => (await load()).enableUsers(names))
  users
    .command('delete <name...>')
    .description('remove accounts for ever')
    .option('--yes', 'don’t ask')
    .action(async (names, options) => (await load()).deleteUsers(names, options))
}
