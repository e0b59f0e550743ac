/** Tables in memory, one for each class of rows; in a table, rows by the text that names them. */
export class RowsByClass<RowClass extends object, Row> {
  readonly #tables = new Map<RowClass, Map<string, Row>>();

  /** The table of a class, which is there from the first time on that somebody asks for it. */
  of(rowClass: RowClass): Map<string, Row> {
    const known = this.#tables.get(rowClass);
    if (known !== undefined) return known;
    const table = new Map<string, Row>();
    this.#tables.set(rowClass, table);
    return table;
  }

  /** Removes the rows of all classes. */
  clear(): void {
    this.#tables.clear();
  }
}
