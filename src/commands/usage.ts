/** A command was called wrongly: the text is shown with where its help is; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** Words of the command whose help says more; empty for that of all commands. */
  readonly command: string;

  constructor(message: string, command = '', options: ErrorOptions = {}) {
    super(message, options);
    this.command = command;
  }
}
