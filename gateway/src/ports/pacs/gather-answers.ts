/**
 * Gathers the bodies of answers, so that the answering server does not decide the size of the pieces. HTTP lets a
 * server cut a body into chunks of one byte (RFC 9112 §7.1), each of which costs its reader some microseconds and a
 * hundred times its size. Here the small pieces of one turn of the event loop are joined, and a turn takes only a
 * limited number of them.
 */
import type { Dispatcher } from 'undici';

type Controller = Dispatcher.DispatchController;
type Handler = Dispatcher.DispatchHandler;
type Headers = Parameters<NonNullable<Handler['onResponseEnd']>>[1];

/** Larger pieces are passed on as they are: 64 KiB contain too few of them to matter. */
const SMALL_BYTES = 4096;
/** Undici parses this many in some 2 ms. */
export const PIECES_A_TURN = 1024;

/** An interceptor for `Dispatcher.compose`. */
export const gatherAnswers: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
  dispatch(options, new GatheredAnswer(handler));

/** Both the reader and the turn limit may pause the body. It flows only while neither pauses it. */
class PausedByTwo implements Controller {
  readonly #whole: Controller;
  #byReader = false;
  #byTurn = false;

  constructor(whole: Controller) {
    this.#whole = whole;
  }
  get aborted() {
    return this.#whole.aborted;
  }
  get reason() {
    return this.#whole.reason;
  }
  get rawHeaders() {
    return this.#whole.rawHeaders ?? null;
  }
  get rawTrailers() {
    return this.#whole.rawTrailers ?? null;
  }
  get paused() {
    return this.#byReader || this.#byTurn;
  }
  abort(reason: Error): void {
    this.#whole.abort(reason);
  }
  pause(): void {
    this.#byReader = true;
    this.#whole.pause();
  }
  resume(): void {
    this.#byReader = false;
    if (!this.paused) this.#whole.resume();
  }
  endTurn(): void {
    this.#byTurn = true;
    this.#whole.pause();
  }
  beginTurn(): void {
    this.#byTurn = false;
    if (!this.paused) this.#whole.resume();
  }
}

class GatheredAnswer implements Handler {
  readonly #handler: Handler;
  #controller: PausedByTwo | null = null;
  #held: Buffer[] = [];
  #pieces = 0;

  constructor(handler: Handler) {
    this.#handler = handler;
  }

  onRequestStart(whole: Controller, context: unknown): void {
    this.#controller = new PausedByTwo(whole);
    this.#handler.onRequestStart?.(this.#controller, context);
  }

  onRequestUpgrade(...[whole, ...rest]: Parameters<NonNullable<Handler['onRequestUpgrade']>>): void {
    this.#handler.onRequestUpgrade?.(this.#controller ?? whole, ...rest);
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onResponseStart(...[whole, ...rest]: Parameters<NonNullable<Handler['onResponseStart']>>): void {
    this.#handler.onResponseStart?.(this.#controller ?? whole, ...rest);
  }

  onResponseData(whole: Controller, piece: Buffer): void {
    if (piece.length >= SMALL_BYTES) {
      this.#give();
      this.#handler.onResponseData?.(this.#controller ?? whole, piece);
      return;
    }
    if (this.#pieces === 0) setImmediate(() => this.#beginTurn());
    this.#pieces += 1;
    this.#held.push(piece);
    if (this.#pieces >= PIECES_A_TURN) this.#controller?.endTurn();
  }

  onResponseEnd(whole: Controller, trailers: Headers): void {
    this.#give();
    this.#handler.onResponseEnd?.(this.#controller ?? whole, trailers);
  }

  onResponseError(whole: Controller, error: Error): void {
    this.#held = [];
    this.#handler.onResponseError?.(this.#controller ?? whole, error);
  }

  onBodySent(piece: Buffer): void {
    this.#handler.onBodySent?.(piece);
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.();
  }

  #beginTurn(): void {
    this.#pieces = 0;
    this.#give();
    this.#controller?.beginTurn();
  }

  /** Passes the gathered pieces on as one copy of exactly their size, so that keeping it holds no other memory. */
  #give(): void {
    if (this.#held.length > 0)
      this.#handler.onResponseData?.(this.#controller!, Buffer.concat(this.#held.splice(0)));
  }
}
