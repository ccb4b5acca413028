/** What is deleted is deleted, whatever becomes of its files. */
import type { FilesGone } from '../protocol/reads.ts';
import type { Call } from './call.ts';

export async function tidyUp(call: Call, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    call.edge.deps.report(error);
  }
}

/** Of messages that are committed: no message shows these any more. */
export const removeFiles = (call: Call, gone: FilesGone): Promise<void> =>
  tidyUp(call, async () => {
    for (const { channelId, ids } of gone) await call.edge.deps.files.removeAttachments(channelId, ids);
  });
