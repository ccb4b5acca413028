import type { Answer } from '../protocol/links.ts';
import type { Directory } from './directory.ts';

/** A directory around another one: all goes through as it is but for what who extends it does otherwise. */
export class DirectoryAround implements Directory {
  constructor(readonly inner: Directory) {}

  get self(): Directory['self'] {
    return this.inner.self;
  }

  ask(...args: Parameters<Directory['ask']>): Promise<Answer> {
    return this.inner.ask(...args);
  }

  read(...args: Parameters<Directory['read']>): Promise<Answer> {
    return this.inner.read(...args);
  }

  tell(...args: Parameters<Directory['tell']>): void {
    this.inner.tell(...args);
  }

  interest(...args: Parameters<Directory['interest']>): void {
    this.inner.interest(...args);
  }

  residence(...args: Parameters<Directory['residence']>): void {
    this.inner.residence(...args);
  }

  control(...args: Parameters<Directory['control']>): Promise<void> {
    return this.inner.control(...args);
  }

  workers(): ReturnType<Directory['workers']> {
    return this.inner.workers();
  }
}
