/**
 * A number as it was written, where a double would not give its digits back: `9007199254740993`, `1.10`, `1e3`.
 * As JSON it is a text, which Salesforce takes for number fields too.
 */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): string {
    return this.text;
  }

  toString(): string {
    return this.text;
  }
}
