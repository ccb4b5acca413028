/**
 * Attach asks under way. Of each owner a window of them is open at once: when its link is full it refuses answers, the window is halved and
 * the owner left alone for a while; answers widen it again. So a crowd that attaches never keeps a link full by asking.
 */
import type { Directory } from '../actor/directory.ts';
import type { Clock } from '../base/clock.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import type { Attachment } from './attachment.ts';
import type { GatewayLimits } from './limits.ts';
import type { Session } from './session.ts';

export interface AskPorts {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly limits: Pick<GatewayLimits, 'askAgainMs' | 'asksPerOwner' | 'pauseMinMs' | 'pauseMaxMs'>;
}

interface Window {
  /** Asks that may be open at once. */
  size: number;
  readonly open: Map<Attachment, Session>;
  readonly waiting: Map<Attachment, Session>;
  /** The owner's link was full. */
  paused: boolean;
  pauseMs: number;
}

export class Asks {
  readonly #ports: AskPorts;
  readonly #windows = new Map<OwnerKey, Window>();
  #numbers = 0;

  constructor(ports: AskPorts) {
    this.#ports = ports;
  }

  /** Asking again uses the same number until something has changed: whichever answer comes first is right, and no second one counts. */
  ask(session: Session, attachment: Attachment): void {
    if (attachment.ask === 0) {
      this.#numbers += 1;
      attachment.ask = this.#numbers;
    }
    const window = this.#window(attachment.owner);
    window.open.delete(attachment);
    if (window.paused || window.open.size + 1 > window.size) window.waiting.set(attachment, session);
    else this.#send(window, session, attachment);
  }

  /** The answer that counts has come. */
  answered(attachment: Attachment): void {
    attachment.ask = 0;
    const window = this.#windows.get(attachment.owner);
    if (window === undefined) return;
    // One more for a whole window of answers.
    window.size = Math.min(this.#ports.limits.asksPerOwner, window.size + 1 / window.size);
    this.drop(attachment);
  }

  /** Nobody waits for it any more. */
  drop(attachment: Attachment): void {
    const window = this.#windows.get(attachment.owner);
    if (window === undefined) return;
    window.waiting.delete(attachment);
    if (window.open.delete(attachment)) this.#next(window);
    this.#forget(attachment.owner, window);
  }

  /** The owner's link is full. What is open waits with the rest. */
  pause(owner: OwnerKey): void {
    const { limits, clock } = this.#ports;
    const window = this.#window(owner);
    for (const [attachment, session] of window.open) window.waiting.set(attachment, session);
    window.open.clear();
    if (window.paused) return;
    window.paused = true;
    window.size = Math.max(1, Math.min(window.size, window.waiting.size) / 2);
    window.pauseMs = Math.min(limits.pauseMaxMs, Math.max(limits.pauseMinMs, window.pauseMs * 2));
    clock.after(window.pauseMs, () => {
      window.paused = false;
      this.#next(window);
    });
  }

  /** An ask or its answer may have been lost with a worker or a link. */
  sweep(now: number): void {
    const { asksPerOwner } = this.#ports.limits;
    for (const [owner, window] of [...this.#windows]) {
      if (window.open.size + window.waiting.size === 0) {
        window.size = Math.min(asksPerOwner, window.size * 2);
        window.pauseMs /= 2;
      }
      this.#forget(owner, window);
      for (const [attachment, session] of [...window.open]) {
        if (now - attachment.askedAt >= this.#ports.limits.askAgainMs) this.#send(window, session, attachment);
      }
    }
  }

  #next(window: Window): void {
    for (const [attachment, session] of window.waiting) {
      if (window.paused || window.open.size + 1 > window.size) return;
      window.waiting.delete(attachment);
      this.#send(window, session, attachment);
    }
  }

  #send(window: Window, session: Session, attachment: Attachment): void {
    const { directory, clock } = this.#ports;
    window.open.set(attachment, session);
    attachment.askedAt = clock.monotonic();
    const { id, user, hop } = session.traits;
    const { ask, wanted: mask, since, held, owner } = attachment;
    const presence = session.hidden ? null : session.presence;
    const carried = { presence, voice: session.voices.get(owner) };
    const { self: worker } = directory;
    const { person } = session;
    directory.interest(owner, {
      kind: 'attach',
      ask: { ask, session: id, user, worker, hop, mask, since, held, person, carried },
    });
  }

  /** Nothing is asked and nothing was refused lately. */
  #forget(owner: OwnerKey, { open, waiting, paused, size }: Window): void {
    const isCalm = !paused && size >= this.#ports.limits.asksPerOwner;
    if (isCalm && open.size + waiting.size === 0) this.#windows.delete(owner);
  }

  #window(owner: OwnerKey): Window {
    let window = this.#windows.get(owner);
    if (window === undefined) {
      window = {
        size: this.#ports.limits.asksPerOwner,
        open: new Map(),
        waiting: new Map(),
        paused: false,
        pauseMs: 0,
      };
      this.#windows.set(owner, window);
    }
    return window;
  }
}
