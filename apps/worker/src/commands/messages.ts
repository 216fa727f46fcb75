import { type Command, Option } from 'commander'
import { each, words } from '../options.ts'

/** Adds `tidings messages …`. */
export function addMessagesCommand(program: Command): void {
  const messages = program.command('messages').description('tell people something')
  const load = () => import('../messages/messages-actions.ts')

  messages
    .command('send [text]')
    .description('write a message; without a text, or with -, it is read from standard input')
    .option('--to <user>', 'to whom; again for one more', each)
    .option('--all', 'to everyone')
    .addOption(
      new Option('--level <level>', 'how it is shown')
        .choices(['debug', 'info', 'success', 'warning', 'error'])
        .default('info'),
    )
    .option('--link <address>', 'a path such as /jobs, or an http(s) address, shown beside the text')
    .option('--link-text <words>', 'what one clicks on (default: the address)')
    .option('--idempotency-key <key>', 'the same key sends one message, however often it is asked for', words)
    .option('--dry-run', 'say what would be sent, and to whom, and send nothing')
    .option('--yes', 'don’t ask before it goes to everyone')
    .option('--app <module>', 'an application whose users are named by their ids (default: the blog)')
    .action(async (text, options) => (await load()).sendMessage(text, options))
  messages
    .command('list')
    .description('the messages to everyone that are not over; with --to, somebody’s inbox')
    .option('--to <user>', 'whose inbox')
    .option('--json', 'one object a line')
    .option('--app <module>', 'an application whose users are named by their ids (default: the blog)')
    .action(async options => (await load()).listMessages(options))
  messages
    .command('withdraw <id...>')
    .description('take messages to everyone back from those who have not seen them')
    .action(async ids => (await load()).withdrawMessages(ids))
}
