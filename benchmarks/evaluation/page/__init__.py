"""The evaluation as one HTML file that needs no network: pictures, sortable tables, recordings of the worst cases."""
