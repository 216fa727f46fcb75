import { Argument, type Command } from 'commander'

/** Adds `tidings completion`. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('a script that lets a shell complete commands: eval "$(tidings completion bash)"')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh']))
    .action(async (shell: 'bash' | 'zsh') => {
      const [{ completionScript }, { print }] = await Promise.all([
        import('../completion-script.ts'),
        import('../output.ts'),
      ])
      print(completionScript(program, shell))
    })
}
