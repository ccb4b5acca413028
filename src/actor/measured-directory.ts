/** A directory as the edges see it, with what they ask counted. */
import { counter, type Family, gauge, Tally } from '../base/metrics.ts';
import { FAULT_CODES, Fault, REFUSALS } from '../protocol/errors.ts';
import type { Answer } from '../protocol/links.ts';
import type { Directory } from './directory.ts';
import { DirectoryAround } from './directory-around.ts';

export class MeasuredDirectory extends DirectoryAround {
  readonly #asked = new Tally(['ask', 'read', 'tell']);
  readonly #faults = new Tally([...FAULT_CODES, 'bug']);
  readonly #refused = new Tally(Object.keys(REFUSALS));
  #inFlight = 0;

  override ask(...args: Parameters<Directory['ask']>): Promise<Answer> {
    return this.#count('ask', this.inner.ask(...args));
  }

  override read(...args: Parameters<Directory['read']>): Promise<Answer> {
    return this.#count('read', this.inner.read(...args));
  }

  override tell(...args: Parameters<Directory['tell']>): void {
    this.#asked.add('tell');
    this.inner.tell(...args);
  }

  measure(): Family[] {
    return [
      counter('guildhall_asks_total', 'What the edges of this server asked owners.', this.#asked.entries, 'what'),
      gauge('guildhall_asks_in_flight', 'Asks and reads that wait for their answer.', this.#inFlight),
      counter(
        'guildhall_faults_total',
        'Asks and reads that ended in a fault, by its code.',
        this.#faults.entries,
        'code',
      ),
      counter('guildhall_refusals_total', 'Answers that were refusals, by name.', this.#refused.entries, 'refused'),
    ];
  }

  async #count(what: string, asked: Promise<Answer>): Promise<Answer> {
    this.#asked.add(what);
    this.#inFlight += 1;
    try {
      const answer = await asked;
      if ('refused' in answer.reply) this.#refused.add(answer.reply.refused);
      return answer;
    } catch (error) {
      this.#faults.add(error instanceof Fault ? error.code : 'bug');
      throw error;
    } finally {
      this.#inFlight -= 1;
    }
  }
}
