/** A small state with subscriptions: what changed is told once, after all of it has changed. */

type Told<State> = (state: Readonly<State>) => void;

export class Store<State extends object> {
  #state: State;
  readonly #subscribers = new Set<{ keys: readonly (keyof State)[]; tell: Told<State> }>();
  readonly #changed = new Set<keyof State>();
  #scheduled = false;

  constructor(initial: State) {
    this.#state = initial;
  }

  get(): Readonly<State> {
    return this.#state;
  }

  /** Change some of the state; whoever watches a key that really changed is told soon, once. */
  set(change: Partial<State>): void {
    for (const key of Object.keys(change) as (keyof State)[]) {
      if (!Object.is(this.#state[key], change[key])) this.#changed.add(key);
    }
    if (!this.#changed.size) return;
    this.#state = { ...this.#state, ...change };
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.flush());
  }

  /** Watch some keys; returns how to stop. */
  watch(keys: readonly (keyof State)[], tell: Told<State>): () => void {
    const one = { keys, tell };
    this.#subscribers.add(one);
    return () => this.#subscribers.delete(one);
  }

  /** Tell now instead of soon. One that fails does not keep the others from being told. */
  flush(): void {
    this.#scheduled = false;
    const changed = new Set(this.#changed);
    this.#changed.clear();
    for (const one of [...this.#subscribers]) {
      if (!this.#subscribers.has(one) || !one.keys.some((key) => changed.has(key))) continue;
      try {
        one.tell(this.#state);
      } catch (error) {
        reportError(error);
      }
    }
  }
}
