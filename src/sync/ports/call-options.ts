export interface CallOptions {
  signal?: AbortSignal;
}

export interface PageOptions extends CallOptions {
  /**
   * What becomes of "too much at once" (503, 429, the concurrent limit): repeated within the call by default;
   * 'throw' hands it up at once, to callers that queue again themselves.
   */
  whenCrowded?: 'repeat' | 'throw';
}
