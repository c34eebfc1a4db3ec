/** The flags that every command takes, as parsed; undefined where not given. */
export interface GlobalFlags {
  json?: boolean;
  quiet?: boolean;
  verbose?: number;
  /** False by `--no-color`. */
  color?: boolean;
  dataDir?: string;
  apiVersion?: string;
  stopTimeout?: string;
}
