import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An empty data directory of a test, gone when it is disposed. */
export class StoreFolder implements Disposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'guildhall-store-'));

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
