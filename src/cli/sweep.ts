import { askSteps } from './admin.ts';
import { Swept } from './answers.ts';
import type { Command } from './command.ts';
import { ADMIN_OPTIONS } from './options.ts';

export const sweep: Command = {
  words: 'sweep',
  usage: '[--dry-run]',
  about:
    'Remove the files that no message shows and that are a day old: what a crash kept from being removed. With --dry-run they are only counted.',
  options: { 'dry-run': { type: 'boolean' }, ...ADMIN_OPTIONS },
  async run(call) {
    const remove = call.flags['dry-run'] !== true;
    const all = { channels: 0, strange: 0, files: 0, bytes: 0 };
    await askSteps(call, 'sweep', { remove, at: null }, Swept, ({ next, ...found }) => {
      for (const name of ['channels', 'strange', 'files', 'bytes'] as const) all[name] += found[name];
      return next === null ? null : { remove, at: next };
    });
    const { channels, strange, files, bytes } = all;
    call.print({ removed: remove, ...all }, [
      `channels  ${channels} with files`,
      `files     ${files} (${bytes} bytes) that no message shows${remove ? ', removed' : ''}`,
      ...(strange > 0 ? [`strange   ${strange} channels that this store does not know; their files stay`] : []),
    ]);
  },
};
