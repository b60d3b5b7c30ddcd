for (const select of document.querySelectorAll("select[data-list]")) {
  const clauses = document.querySelectorAll("#" + select.dataset.list + " .clause");
  select.addEventListener("change", () => {
    for (const clause of clauses) {
      const labels = clause.dataset.labels.split(";");
      clause.hidden = select.value !== "" && !labels.includes(select.value);
    }
  });
}
